/** Ends a connection so that a client which is still sending its body gets the answer (RFC 9112, 9.6). */
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';

/** How long a client may go on sending after its answer, milliseconds. */
const LINGER_MS = 10_000;
/** How much it may send meanwhile, bytes. */
const LINGER_BYTES = 16 * 1024 * 1024;
/** How long a client that has sent everything has to close the connection itself, milliseconds. */
const GRACE_MS = 1_000;

/**
 * Makes the end of `request`'s connection a lingering one. Closing a socket with unread bytes resets it, and a
 * reset takes back an answer that the client has not read yet: clients often read only after they have sent all.
 */
export function lingerOnClose(request: IncomingMessage): void {
  const { socket } = request;
  // What Node calls after the last answer of a connection.
  socket.destroySoon = () => {
    if (request.complete || socket.destroyed) Socket.prototype.destroySoon.call(socket);
    else linger(request, socket);
  };
}

/**
 * Writes the last answer of a connection whose bytes could not be read as a request, and ends it in the same way.
 *
 * @param socket that Node's parser has reported an error of
 */
export function endLingering(socket: Duplex, answer: string): void {
  // The parser would report whatever still comes as one more error.
  socket.removeAllListeners('data');
  readAway(socket, socket);
  socket.end(answer);
}

function linger(request: IncomingMessage, socket: Socket): void {
  readAway(request, socket);
  socket.end();
}

/** Reads what `source` still brings, within limits, and then cuts `socket`. */
function readAway(source: Readable, socket: Duplex): void {
  let received = 0;
  const cut = () => {
    socket.destroy();
  };
  let timer = setTimeout(cut, LINGER_MS);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  source.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > LINGER_BYTES) cut();
  });
  source.once('end', () => {
    clearTimeout(timer);
    timer = setTimeout(cut, GRACE_MS);
  });
  source.on('error', cut);
  source.resume();
}
