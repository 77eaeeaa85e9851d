/** A lock, or a number of equal places, whose waiters are served in the order in which they came. */
import { DqliteError } from '../errors/index.js';
import type { Deadline } from './deadline.js';
import { Watchdog } from './watchdog.js';

interface Waiter {
  readonly deadline: Deadline;
  readonly onAbort: (() => void) | undefined;
  readonly granted: () => void;
  readonly refused: (error: DqliteError) => void;
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
    return new Promise((resolve, reject) => this.request(deadline, resolve, reject));
  }

  /**
   * As {@link acquire}, for those who must not lose time: `granted` is called at once when the lock is free, and
   * otherwise from within the {@link release} that hands it over.
   */
  request(deadline: Deadline, granted: () => void, refused: (error: DqliteError) => void): void {
    if (this.#closed !== undefined) return refused(this.#closed);
    const { signal } = deadline;
    if (deadline.isOver) return refused(deadline.error(this.#what));
    if (this.tryAcquire()) return granted();
    const waiter: Waiter = {
      deadline,
      granted,
      refused,
      onAbort: signal === undefined ? undefined : () => this.#giveUp(waiter),
    };
    if (waiter.onAbort !== undefined) signal?.addEventListener('abort', waiter.onAbort);
    this.#waiters.add(waiter);
    this.#watchdog.watch(deadline.at);
  }

  /** Hands the lock to the next waiter, or frees it. Only the holder may call this. */
  release(): void {
    for (const waiter of this.#waiters) {
      this.#forget(waiter);
      waiter.granted();
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
      waiter.refused(error);
    }
  }

  #giveUp(waiter: Waiter): void {
    this.#forget(waiter);
    waiter.refused(waiter.deadline.error(this.#what));
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
