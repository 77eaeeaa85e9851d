/** Requests for which the drain of a listener that stays open does not wait. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const EVENT_STREAM = 'text/event-stream';

const noted = new WeakSet<IncomingMessage>();

/** Says that a request is answered when the draining is over. */
export function noteOutlasting(request: IncomingMessage): void {
  noted.add(request);
}

/** Whether an answer comes only after the draining, or is a stream without an end of its own. */
export function outlastsDrain(response: ServerResponse): boolean {
  return noted.has(response.req) || isEventStream(response);
}

/**
 * Nest writes the head of an `@Sse()` answer in one piece, of which Node keeps no headers; what the client accepts
 * then tells as much (the HTML standard demands it of an `EventSource`).
 */
function isEventStream(response: ServerResponse): boolean {
  if (!response.headersSent) return false;
  const type = response.getHeader('content-type') ?? response.req.headers.accept;
  return String(type).startsWith(EVENT_STREAM);
}
