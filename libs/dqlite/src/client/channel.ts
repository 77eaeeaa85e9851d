/** One byte stream to a node: requests in FIFO order, one outstanding, cancelled by destroying the stream. */
import { performance } from 'node:perf_hooks';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DqliteError, isDqliteError } from '../errors/index.js';
import { encodeHandshake, FrameDecoder, MalformedMessage, type Response } from '../wire/index.js';
import type { Deadline } from './deadline.js';
import { endedError, lostError, type Effect } from './server-failure.js';
import { Watchdog } from './watchdog.js';

/** A request on its way. The channel calls `receive` until it returns true and then `finished`, or `fail` once. */
export interface Exchange {
  readonly frame: Buffer;
  readonly effect: Effect;
  readonly deadline: Deadline;
  /** Takes one response; returns whether it was the last. Throws DqliteError to condemn the connection. */
  receive(response: Response): boolean;
  /** Called when the last response was received and the channel is free for the next request. */
  finished(): void;
  fail(error: DqliteError): void;
}

/** An exchange with the state that the channel keeps about it. */
interface Entry {
  readonly exchange: Exchange;
  readonly onAbort: (() => void) | undefined;
  expiresAt: number;
}

export class Channel {
  readonly address: string;
  readonly decoder: FrameDecoder;
  readonly #stream: Duplex;
  #current: Entry | undefined;
  readonly #queue: Entry[] = [];
  #ended: Error | undefined;
  #paused = false;
  #progress = 0;
  readonly #watchdog = new Watchdog((now) => this.#expire(now));
  readonly #closeListeners = new Set<(cause: Error) => void>();

  /** Takes over `stream` and sends the handshake. */
  constructor(stream: Duplex, address: string, maxBodyBytes?: number) {
    this.address = address;
    this.decoder = new FrameDecoder(maxBodyBytes === undefined ? {} : { maxBodyBytes });
    this.#stream = stream;
    if (stream instanceof Socket) stream.setNoDelay(true);
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', (error: Error) => this.destroy(error));
    stream.on('end', () => this.destroy(new Error('the node closed the connection')));
    stream.on('close', () => this.destroy(new Error('the connection was closed')));
    if (stream.destroyed) this.destroy(new Error('the connection was closed'));
    else stream.write(encodeHandshake());
  }

  /** Why the channel ended; undefined while it lives. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  /** Grows with everything that is sent or arrives; what stays the same for a while is silence. */
  get progress(): number {
    return this.#progress;
  }

  /** Whether we, and not the other side, keep the connection silent. */
  get isPaused(): boolean {
    return this.#paused;
  }

  /** Whether nothing is outstanding or queued. */
  get isIdle(): boolean {
    return this.#current === undefined;
  }

  /** Queues a request, or sends it at once when nothing is outstanding. */
  submit(exchange: Exchange): void {
    const { deadline } = exchange;
    if (this.#ended !== undefined) {
      exchange.fail(lostError(this.#ended, this.address, exchange.effect, false));
      return;
    }
    if (deadline.isOver) {
      exchange.fail(deadline.error('A request to the database'));
      return;
    }
    const entry: Entry = {
      exchange,
      expiresAt: deadline.at,
      onAbort: deadline.signal === undefined ? undefined : () => this.#cancel(entry),
    };
    if (entry.onAbort !== undefined) deadline.signal?.addEventListener('abort', entry.onAbort);
    this.#watchdog.watch(entry.expiresAt);
    if (this.#current === undefined) this.#send(entry);
    else {
      this.#queue.push(entry);
      this.resume();
    }
  }

  /** Stops reading, unless another request waits behind the outstanding one. */
  pause(): void {
    if (this.#queue.length > 0 || this.#ended !== undefined) return;
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream.resume();
  }

  /** Gives the outstanding exchange `ms` from now, for results that come in many parts. */
  extend(exchange: Exchange, ms: number): void {
    if (this.#current?.exchange !== exchange) return;
    const at = performance.now() + ms;
    this.#current.expiresAt = at;
    this.#watchdog.watch(at);
  }

  /** Ends the channel; everything outstanding fails with an error made from `cause`. Idempotent. */
  destroy(cause: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = cause;
    this.#watchdog.stop();
    this.#stream.destroy();
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) this.#failOutstanding(current, cause);
    for (const entry of this.#queue.splice(0)) this.#failQueued(entry, cause);
    for (const listener of this.#closeListeners) listener(cause);
    this.#closeListeners.clear();
  }

  onClose(listener: (cause: Error) => void): void {
    if (this.#ended === undefined) this.#closeListeners.add(listener);
    else listener(this.#ended);
  }

  #send(entry: Entry): void {
    this.#current = entry;
    this.#progress++;
    this.#stream.write(entry.exchange.frame);
  }

  #receive(chunk: Buffer): void {
    this.#progress++;
    try {
      for (const response of this.decoder.push(chunk)) this.#deliver(response);
    } catch (error) {
      this.destroy(this.#condemned(error));
    }
  }

  #condemned(error: unknown): Error {
    if (error instanceof DqliteError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof MalformedMessage) {
      return new DqliteError('PROTOCOL', { address: this.address, reason }, { cause: error });
    }
    return error instanceof Error ? error : new Error(reason);
  }

  #deliver(response: Response): void {
    const entry = this.#current;
    if (entry === undefined) {
      if (this.#ended !== undefined) return;
      throw new MalformedMessage('a response came without a request');
    }
    if (!entry.exchange.receive(response)) return;
    if (this.#current !== entry) return; // Destroyed by the receiver.
    this.#current = undefined;
    this.#forget(entry);
    const next = this.#queue.shift();
    if (next !== undefined) this.#send(next);
    entry.exchange.finished();
  }

  #forget({ exchange, onAbort }: Entry): void {
    if (onAbort !== undefined) exchange.deadline.signal?.removeEventListener('abort', onAbort);
  }

  #failOutstanding(entry: Entry, cause: Error): void {
    this.#forget(entry);
    const { effect } = entry.exchange;
    const isItsOwn = isDqliteError(cause) && cause.code !== 'CLOSED';
    entry.exchange.fail(
      isItsOwn
        ? endedError(cause, this.address, effect)
        : lostError(cause, this.address, effect, true),
    );
  }

  #failQueued(entry: Entry, cause: Error): void {
    this.#forget(entry);
    entry.exchange.fail(lostError(cause, this.address, entry.exchange.effect, false));
  }

  /** Fails a queued entry alone; one that was sent can only be cancelled together with the connection. */
  #cancel(entry: Entry): void {
    const cause = entry.exchange.deadline.error('A request to the database');
    const at = this.#queue.indexOf(entry);
    if (at !== -1) {
      this.#queue.splice(at, 1);
      this.#forget(entry);
      entry.exchange.fail(cause);
    } else if (this.#current === entry) {
      this.destroy(cause);
    }
  }

  #expire(now: number): number {
    const late = this.#queue.filter(({ expiresAt }) => expiresAt <= now);
    for (const entry of late) this.#cancel(entry);
    if (this.#current !== undefined && this.#current.expiresAt <= now) this.#cancel(this.#current);
    let next = this.#current?.expiresAt ?? Number.POSITIVE_INFINITY;
    for (const entry of this.#queue) next = Math.min(next, entry.expiresAt);
    return next;
  }
}
