/** Lets one operation through at a time, in the order of arrival. */
import { MicroclusterError } from '../errors/index.js';

/** A FIFO queue of operations that exclude each other, such as changes of membership at the leader. */
export class Turnstile {
  private tail: Promise<void> = Promise.resolve();
  private waiting = 0;

  /**
   * @param limit how many operations may wait besides the one that runs; more are turned away with
   *   `BUSY_MEMBERSHIP` (503), so that a client retries instead of piling up
   */
  constructor(private readonly limit: number) {}

  /**
   * Runs `operation` once all earlier ones have ended, however they ended.
   *
   * @param signal gives up waiting; an operation that has begun is its own affair
   * @throws MicroclusterError `BUSY_MEMBERSHIP` when the queue is full; the reason of `signal`
   */
  async pass<T>(operation: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.waiting > this.limit) throw new MicroclusterError('BUSY_MEMBERSHIP', {});
    this.waiting += 1;
    const running = this.tail.then(() => {
      signal?.throwIfAborted();
      return operation();
    });
    this.tail = running.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await running;
    } finally {
      this.waiting -= 1;
    }
  }
}
