/** How the network between two members behaves now. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/** How slow a link is. */
export interface Slowness {
  /** Added to the way of every byte, in each direction, milliseconds from 0. */
  readonly delayMs: number;
  /** Up to this much more, at random, milliseconds. Bytes of one connection keep their order. Default 0. */
  readonly jitterMs?: number;
}

/** Says when bytes may pass. What may not pass is held, as TCP would send it again when the network is back. */
export class LinkState {
  private readonly events = new EventEmitter().setMaxListeners(0);
  private readonly holders = new Set<string>();
  private slowness: Required<Slowness> = { delayMs: 0, jitterMs: 0 };

  /** Lets nothing pass any more. @param holder who holds it: all of them have to release it */
  hold(holder: string): void {
    this.holders.add(holder);
  }

  /** Lets pass what was held, and everything after it. */
  release(holder: string): void {
    this.holders.delete(holder);
    if (this.holders.size === 0) this.events.emit('release');
  }

  slow({ delayMs, jitterMs = 0 }: Slowness): void {
    this.slowness = { delayMs, jitterMs };
  }

  /** When what arrives now comes out, by `performance.now()`. */
  dueTime(): number {
    const { delayMs, jitterMs } = this.slowness;
    return performance.now() + delayMs + Math.random() * jitterMs;
  }

  /** Resolves at `due`, later while the link is held. @throws Error when `signal` is aborted */
  async passage(due: number, signal: AbortSignal): Promise<void> {
    const left = due - performance.now();
    if (left > 0) await wait(left, undefined, { signal });
    while (this.holders.size > 0) await once(this.events, 'release', { signal });
    signal.throwIfAborted();
  }
}
