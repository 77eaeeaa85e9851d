/** One timer for many deadlines that are nearly never reached: it is armed for the earliest and re-armed only when it fires. */
import { performance } from 'node:perf_hooks';

export class Watchdog {
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  readonly #expire: (now: number) => number;

  /** @param expire ends whatever is due at `now` and returns the next deadline, or Infinity */
  constructor(expire: (now: number) => number) {
    this.#expire = expire;
  }

  /** Makes sure that `expire` is called soon after `at` (by `performance.now()`). */
  watch(at: number): void {
    if (at >= this.#armedFor) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#armedFor = at;
    this.#timer = setTimeout(this.#fire, Math.max(0, at - performance.now()) + 1);
    // Whoever waits holds something that keeps the process alive, or nothing needs to.
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  readonly #fire = (): void => {
    this.stop();
    const next = this.#expire(performance.now());
    if (Number.isFinite(next)) this.watch(next);
  };
}
