/** Endpoints of the Core API that take over the connection: protocol upgrades other than the tunnel. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RequestContext } from '../access/index.js';
import type { RequestTarget } from './request-target.js';

/** An upgrade that passed every check of a GET request with the same path. */
export interface CoreUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** Bytes that were read already and come first. */
  readonly head: Buffer;
  readonly query: URLSearchParams;
  readonly context: RequestContext;
  /** Aborted when the listener that the request came in on begins to close. */
  readonly draining: AbortSignal;
}

/** Takes over the socket, unless it throws: then the request is answered with the error. */
export type OnCoreUpgrade = (upgrade: CoreUpgrade) => void;

/** The endpoints that speak WebSocket, by path. */
export class CoreUpgrades {
  private readonly handlers = new Map<string, OnCoreUpgrade>();

  add(path: string, handler: OnCoreUpgrade): void {
    this.handlers.set(path, handler);
  }

  /** What takes over this request; `undefined` when it is answered like any other. */
  find(request: IncomingMessage, target: RequestTarget): OnCoreUpgrade | undefined {
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    return request.method === 'GET' && isWebSocket ? this.handlers.get(target.path) : undefined;
  }
}
