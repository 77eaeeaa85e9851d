/** How long to wait before a crashed database process is started again. */

const FIRST_MS = 100;
const LONGEST_MS = 10_000;
/** A process that ran this long was not crashing at start. */
const STABLE_MS = 60_000;

/** Doubles from 100 ms to 10 s, and starts over after a run of a minute. */
export class Backoff {
  #failures = 0;

  /** @param ranMs how long the process ran before it crashed, milliseconds; 0 when it never started */
  next(ranMs: number): number {
    if (ranMs >= STABLE_MS) this.#failures = 0;
    const delay = Math.min(FIRST_MS * 2 ** this.#failures, LONGEST_MS);
    this.#failures += 1;
    return delay;
  }
}
