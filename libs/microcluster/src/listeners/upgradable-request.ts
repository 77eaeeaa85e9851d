/** A request that Node's HTTP parser hands over with its socket when it asks for a protocol we speak. */
import { IncomingMessage } from 'node:http';
import { requestTarget } from './request-target.js';
import { isTunnelRequest } from './tunnel.js';

const ASKED = Symbol('asked for an upgrade');

/**
 * Node calls a request an upgrade only with `Connection: Upgrade`, which Go members do not send
 * (`spec/core-api.md` 26). The parser looks at `upgrade` once the headers are complete: here it reads
 * `true` for the database tunnel with or without that header, for WebSocket, and for nothing else, so that
 * a client that offers `h2c` gets an ordinary answer.
 */
export class UpgradableRequest extends IncomingMessage {
  private [ASKED]: boolean | undefined;
  /** Pattern of the route that it has found; see `request-observer.ts`. A map beside would cost a microsecond. */
  route: string | undefined;

  set upgrade(asked: boolean) {
    this[ASKED] = asked;
  }

  get upgrade(): boolean {
    if (this.method === 'CONNECT') return true;
    if (isTunnelRequest(this, requestTarget(this))) return true;
    return this[ASKED] === true && this.headers.upgrade?.toLowerCase() === 'websocket';
  }
}
