/** Answering a request whose socket Node has handed over, as if it had not. */
import { ServerResponse, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

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
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => {
    response.detachSocket(socket);
    socket.destroySoon();
  });
  if (!request.complete) request.push(null);
  answer(response);
}
