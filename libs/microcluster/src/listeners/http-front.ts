/** The HTTP side of a listener: Node's parser and its limits, fed with connections that we accept ourselves. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerError, errorEnvelope } from '../envelope/index.js';
import { MicroclusterError } from '../errors/index.js';
import { endLingering, lingerOnClose } from './lingering-close.js';
import type { ListenerLimits } from './listener-limits.js';
import { UpgradableRequest } from './upgradable-request.js';

/** What becomes of requests. */
export interface RequestSink {
  dispatch(request: IncomingMessage, response: ServerResponse): void;
  dispatchUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Makes an HTTP server that never listens; connections are given to it by {@link feed}. */
export function createHttpFront(sink: RequestSink, limits: ListenerLimits): Server {
  const server = createServer(
    {
      IncomingMessage: UpgradableRequest,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      maxHeaderSize: limits.maxHeaderBytes,
      connectionsCheckingInterval: limits.checkIntervalMs,
      // Node's own answer to a request without it has no body.
      requireHostHeader: false,
    },
    (request, response) => {
      lingerOnClose(request);
      if (isWithoutHost(request)) refuseRequest(response, 400, NO_HOST);
      else sink.dispatch(request, response);
    },
  );
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    lingerOnClose(request);
    refuseRequest(response, 417, UNKNOWN_EXPECTATION);
  });
  const takeOver = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    sink.dispatchUpgrade(request, socket, head);
  };
  server.on('upgrade', takeOver);
  server.on('connect', takeOver);
  server.on('clientError', refuse);
  // Node starts to check its time limits when a server listens, which this one never does itself.
  server.emit('listening');
  return server;
}

/** Lets `server` read requests from `socket`. */
export function feed(server: Server, socket: Duplex): void {
  // The parser takes the class of requests from here, which for an accepted socket is the accepting server.
  Reflect.set(socket, 'server', server);
  server.emit('connection', socket);
}

const NO_HOST =
  'The request has no Host header, which HTTP/1.1 demands; send the address that is called';
const UNKNOWN_EXPECTATION =
  'The request expects what this server does not know; send "Expect: 100-continue", or no Expect header';

/** Whether the request lacks what HTTP/1.1 demands of it (RFC 9112, 3.2). */
function isWithoutHost(request: IncomingMessage): boolean {
  return request.httpVersion === '1.1' && request.headers.host === undefined;
}

/** Answers a request that is never dispatched, and ends its connection. */
function refuseRequest(response: ServerResponse, status: number, reason: string): void {
  response.setHeader('Connection', 'close');
  answerError(response, new MicroclusterError('BAD_REQUEST', { reason }, { status }));
}

/** A request line whose method Node's parser does not know. */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]{1,64}) \S+ HTTP\/1\.[01]\r?\n/;

/** Answers bytes that are no request, or one that takes too long. */
function refuse(error: Error & { code?: string; rawPacket?: Buffer }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase, text] = refusal(error.code, error.rawPacket);
  const body = errorEnvelope(status, text);
  const answer =
    `HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  if (status === 408) {
    socket.end(answer, () => {
      socket.destroy();
    });
  } else endLingering(socket, answer);
}

function refusal(
  code: string | undefined,
  received: Buffer | undefined,
): readonly [number, string, string] {
  const method = REQUEST_LINE.exec(received?.toString('latin1') ?? '')?.[1];
  if (code === 'HPE_INVALID_METHOD' && method !== undefined) {
    // The path no longer matters: whatever it is, the answer is a 404 (`spec/core-api.md` 5.1).
    return [404, 'Not Found', `Method '${method}' not found`];
  }
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Request Timeout', 'The request did not arrive in time'];
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'Request Header Fields Too Large', 'The headers of the request are too large'];
    default:
      return [400, 'Bad Request', 'The request is not valid HTTP'];
  }
}
