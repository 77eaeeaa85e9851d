/** A lock, or a number of equal places, whose waiters are served in the order in which they came. */
import { DqliteError } from '../errors/index.js';
import type { Deadline } from './deadline.js';
import { Watchdog } from './watchdog.js';

interface Waiter {
  readonly deadline: Deadline;
  readonly onAbort: (() => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: DqliteError) => void;
}

export class FifoLock {
  readonly #what: string;
  readonly #places: number;
  #taken = 0;
  #closed: DqliteError | undefined;
  readonly #waiters = new Set<Waiter>();
  readonly #watchdog = new Watchdog((now) => this.#expire(now));

  /**
   * @param what subject of the message when a wait ends without the lock
   * @param places how many may hold it at the same time
   */
  constructor(what: string, places = 1) {
    this.#what = what;
    this.#places = places;
  }

  /** How many hold the lock. */
  get taken(): number {
    return this.#taken;
  }

  /** How many wait for the lock. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Takes the lock if it is free; nobody waits then. */
  tryAcquire(): boolean {
    if (this.#taken >= this.#places || this.#closed !== undefined) return false;
    this.#taken++;
    return true;
  }

  /**
   * Waits for the lock.
   *
   * @throws DqliteError TIMEOUT or ABORTED at the end of `deadline`, or the error of {@link close}
   */
  acquire(deadline: Deadline): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (deadline.isOver) return Promise.reject(deadline.error(this.#what));
    if (this.tryAcquire()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const { signal } = deadline;
      const waiter: Waiter = {
        deadline,
        resolve,
        reject,
        onAbort: signal === undefined ? undefined : () => this.#giveUp(waiter),
      };
      if (waiter.onAbort !== undefined) signal?.addEventListener('abort', waiter.onAbort);
      this.#waiters.add(waiter);
      this.#watchdog.watch(deadline.at);
    });
  }

  /** Hands the lock to the next waiter, or frees it. Only the holder may call this. */
  release(): void {
    for (const waiter of this.#waiters) {
      this.#forget(waiter);
      waiter.resolve();
      return;
    }
    this.#taken--;
    this.#watchdog.stop();
  }

  /** Rejects those who wait and everybody who comes later; the holder keeps the lock. */
  close(error: DqliteError): void {
    this.#closed ??= error;
    this.#watchdog.stop();
    for (const waiter of this.#waiters) {
      this.#forget(waiter);
      waiter.reject(error);
    }
  }

  #giveUp(waiter: Waiter): void {
    this.#forget(waiter);
    waiter.reject(waiter.deadline.error(this.#what));
  }

  #forget(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (waiter.onAbort !== undefined) {
      waiter.deadline.signal?.removeEventListener('abort', waiter.onAbort);
    }
  }

  #expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters) {
      if (waiter.deadline.at <= now) this.#giveUp(waiter);
      else next = Math.min(next, waiter.deadline.at);
    }
    return next;
  }
}
