/** Writing an envelope to a plain Node response, where no framework is in between. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeError, type ErrorReport } from '../errors/index.js';
import { ENVELOPE_CONTENT_TYPE, errorEnvelope, successEnvelope } from './envelope.js';

/** Name of the header that carries the machine-readable code of an error. Go clients ignore it. */
export const ERROR_CODE_HEADER = 'X-Microcluster-Error';

/**
 * How much of a body that nobody asked for is read away, bytes, so that the client sees our answer instead of a
 * reset connection.
 */
const MAX_UNREAD_BODY = 16 * 1024 * 1024;

/** Answers with a success envelope. Does nothing when an answer has begun. */
export function answerSuccess(response: ServerResponse, metadata: unknown, status = 200): void {
  answer(response, status, successEnvelope(metadata, status));
}

/** Answers with the error envelope of `error` and returns how it was described. */
export function answerError(response: ServerResponse, error: unknown): ErrorReport {
  const report = describeError(error);
  answerReport(response, report);
  return report;
}

/** Answers with the error envelope of an error that was described before. */
export function answerReport(response: ServerResponse, report: ErrorReport): void {
  if (response.headersSent || response.writableEnded) return;
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (report.code !== undefined) response.setHeader(ERROR_CODE_HEADER, report.code);
  answer(response, report.status, errorEnvelope(report.status, report.text));
  discardBody(response.req);
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.writableEnded) return;
  const body = Buffer.from(text, 'utf8');
  response.statusCode = status;
  response.setHeader('Content-Type', ENVELOPE_CONTENT_TYPE);
  response.setHeader('Content-Length', body.length);
  response.end(body);
}

/** Reads away what is left of a body, and cuts a client that goes on sending for long. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_UNREAD_BODY) request.socket.destroy();
  });
  request.on('error', () => {
    // The client went away in the middle of its body; the answer has been written.
  });
  request.resume();
}
