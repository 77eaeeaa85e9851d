/** Answering a request whose socket Node's parser has handed over, as if it had not. */
import { ServerResponse, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const SWITCHING_PROTOCOLS = 101;

/**
 * Makes a response on `socket` and lets `answer` write it; the connection ends after it.
 *
 * The parser is gone, so that a body would never arrive: the request reads as having none.
 */
export function answerDetached(
  request: IncomingMessage,
  socket: Duplex,
  answer: (response: ServerResponse) => void,
): void {
  if (!(socket instanceof Socket)) {
    socket.destroy();
    return;
  }
  socket.on('error', () => {
    // The client went away before it was answered; there is nobody left to tell.
  });
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  response.on('finish', () => {
    response.detachSocket(socket);
  });
  endAfterAnswer(response, socket);
  if (!request.complete) request.push(null);
  answer(response);
}

/**
 * Makes `response` the last answer on `socket`, which has no parser that would read another request and no limit
 * that would end it. A response that is never written, since the socket speaks another protocol now, ends nothing.
 */
export function endAfterAnswer(response: ServerResponse, socket: Socket): void {
  response.shouldKeepAlive = false;
  response.on('finish', () => {
    if (response.statusCode !== SWITCHING_PROTOCOLS) socket.destroySoon();
  });
}
