/** Tells an observer of requests that are over, by the pattern of their route. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { UpgradableRequest } from './upgradable-request.js';

/** One request that is over. */
export interface FinishedRequest {
  /** Name of the listener that it came in on. */
  readonly listener: string;
  /** As the client sent it. */
  readonly method: string;
  /** Pattern of the route, such as `/1.0/items/:id`, never what the client sent; `unmatched` without a route. */
  readonly route: string;
  /** HTTP status; `undefined` when the client went away before the end of the answer. */
  readonly status: number | undefined;
  readonly durationMs: number;
}

/** Called between two requests: must be quick, and must not throw. */
export type RequestObserver = (finished: FinishedRequest) => void;

const NO_ROUTE = 'unmatched';

/** Observes a request of a listener; its observer hears of it once, when the response is over. */
export function observeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  listener: string,
  observer: RequestObserver,
): void {
  const startedAt = performance.now();
  response.once('close', () => {
    observer({
      listener,
      method: request.method ?? '',
      route: (request instanceof UpgradableRequest ? request.route : undefined) ?? NO_ROUTE,
      status: response.writableFinished ? response.statusCode : undefined,
      durationMs: performance.now() - startedAt,
    });
  });
}

/** Says which route a request has found. */
export function noteRoute(request: IncomingMessage, pattern: string): void {
  if (request instanceof UpgradableRequest) request.route = pattern;
}
