/** The connections of one listener: which are in use, and how they end. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { outlastsDrain } from './outlasting-requests.js';

/**
 * How old a connection without any request may be to be spared for a moment by a drain, milliseconds: its first
 * request may be on its way.
 */
const FIRST_REQUEST_MS = 5_000;

interface Connection {
  /** The accepted TCP or unix socket. */
  readonly raw: Socket;
  /** Requests that are being answered. */
  readonly responses: Set<ServerResponse>;
  /** Taken over by a protocol other than HTTP. */
  upgraded: boolean;
  /** Whether a request has come. */
  used: boolean;
  /** When it was accepted, milliseconds of a monotonic clock. */
  readonly since: number;
}

/** Every accepted socket until it closes. Nothing else knows them all: Node forgets upgraded ones. */
export class Connections {
  private readonly all = new Map<Socket, Connection>();
  private readonly byStream = new WeakMap<Duplex, Connection>();
  private draining = false;
  /** Ends the waiting of a drain; `undefined` while none waits. */
  private stopWaiting: (() => void) | undefined;
  /** When that happens at the latest, milliseconds of a monotonic clock. */
  private deadline = Infinity;
  private deadlineTimer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.all.size;
  }

  /** Tracks an accepted socket. */
  add(raw: Socket): void {
    const connection: Connection = {
      raw,
      responses: new Set(),
      upgraded: false,
      used: false,
      since: performance.now(),
    };
    this.all.set(raw, connection);
    this.byStream.set(raw, connection);
    raw.once('close', () => {
      this.forget(raw);
    });
  }

  /** Notes that `stream` (TLS) carries the requests of `raw`. */
  wrap(raw: Socket, stream: Duplex): void {
    const connection = this.all.get(raw);
    if (connection !== undefined) this.byStream.set(stream, connection);
  }

  /** Stops tracking a socket that has closed, or that another process has taken over. */
  forget(raw: Socket): void {
    this.all.delete(raw);
    if (this.all.size === 0) this.stopWaiting?.();
  }

  /**
   * Notes a request, until its response is over.
   *
   * @returns the accepted socket that it came on; `undefined` when it is none of this listener's
   */
  begin(request: IncomingMessage, response: ServerResponse): Socket | undefined {
    const connection = this.byStream.get(request.socket);
    if (connection === undefined) return undefined;
    connection.used = true;
    connection.responses.add(response);
    const end = () => {
      if (!connection.responses.delete(response)) return;
      if (this.draining && connection.responses.size === 0 && !connection.upgraded) {
        // The client was told to close, or had its headers before the draining began.
        endSoon(connection.raw);
      }
    };
    response.once('finish', end);
    response.once('close', end);
    return connection.raw;
  }

  /** Notes that the stream no longer carries HTTP. @returns as {@link begin} */
  upgrade(stream: Duplex): Socket | undefined {
    const connection = this.byStream.get(stream);
    if (connection !== undefined) connection.upgraded = true;
    return connection?.raw;
  }

  /**
   * Lets requests in flight finish, and ends everything else: a connection that is new as soon as its first
   * request has had time to come. Then cuts what is left. {@link shortenDrain} may make it quicker meanwhile.
   *
   * @param deadlineMs how long to wait, milliseconds; 0 cuts at once
   * @returns how many connections had to be cut
   */
  async drain(deadlineMs: number): Promise<number> {
    this.draining = true;
    for (const connection of this.all.values()) {
      if (connection.responses.size === 0 && !connection.upgraded) {
        if (deadlineMs > 0) endUnlessUsed(connection);
        else connection.raw.destroy();
      }
      for (const response of connection.responses) {
        if (!response.headersSent) response.setHeader('Connection', 'close');
      }
    }
    if (deadlineMs > 0) await this.empty(deadlineMs);
    const cut = this.all.size;
    for (const { raw } of this.all.values()) raw.destroy();
    return cut;
  }

  /** Makes a drain that is under way end within `deadlineMs` from now, milliseconds; a longer limit changes nothing. */
  shortenDrain(deadlineMs: number): void {
    const deadline = performance.now() + deadlineMs;
    if (this.stopWaiting === undefined || deadline >= this.deadline) return;
    this.deadline = deadline;
    clearTimeout(this.deadlineTimer);
    if (deadlineMs <= 0) this.stopWaiting();
    else this.deadlineTimer = setTimeout(this.stopWaiting, deadlineMs);
  }

  /**
   * Lets the requests that are in flight now finish, and cuts those that take longer. Later ones are not waited
   * for, nor those that outlast a drain or have no end of their own.
   *
   * @param limitMs how long to wait, milliseconds; 0 neither waits nor cuts
   * @returns how many connections had to be cut
   */
  async settle(limitMs: number): Promise<number> {
    const unfinished = this.awaitedRequests();
    if (limitMs === 0 || unfinished.size === 0) return 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      for (const response of unfinished.keys()) {
        const end = () => {
          if (!unfinished.delete(response) || unfinished.size > 0) return;
          clearTimeout(timer);
          resolve();
        };
        response.once('finish', end);
        response.once('close', end);
      }
    });
    const late = new Set(unfinished.values());
    for (const raw of late) raw.destroy();
    return late.size;
  }

  /** Requests in flight that a drain waits for, with the sockets that they came on. */
  private awaitedRequests(): Map<ServerResponse, Socket> {
    const awaited = new Map<ServerResponse, Socket>();
    for (const { raw, responses } of this.all.values()) {
      for (const response of responses) {
        if (!outlastsDrain(response)) awaited.set(response, raw);
      }
    }
    return awaited;
  }

  private async empty(deadlineMs: number): Promise<void> {
    if (this.all.size === 0) return;
    await new Promise<void>((resolve) => {
      this.stopWaiting = resolve;
      this.shortenDrain(deadlineMs);
    });
    clearTimeout(this.deadlineTimer);
    this.stopWaiting = undefined;
  }
}

/** Ends a connection without a request under way, at once unless it is new. */
function endUnlessUsed(connection: Connection): void {
  const { raw, used, since } = connection;
  const patienceMs = used ? 0 : since + FIRST_REQUEST_MS - performance.now();
  if (patienceMs <= 0) {
    raw.destroy();
    return;
  }
  const timer = setTimeout(() => {
    if (!connection.used && !connection.upgraded) raw.destroy();
  }, patienceMs);
  raw.once('close', () => clearTimeout(timer));
}

/** Ends after what was written has been sent. */
function endSoon(socket: Socket): void {
  setImmediate(() => {
    if (!socket.destroyed) socket.destroySoon();
  });
}
