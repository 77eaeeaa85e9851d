/** Runs rounds one after the other in the background: paused, woken, and stopped without leaving one behind. */

/** One round; returns the milliseconds until the next. A rejection means: once more, after the retry delay. */
export type Round = (signal: AbortSignal) => Promise<number>;

export interface RoundLoopOptions {
  readonly round: Round;
  /** Pause after a round that failed, milliseconds. Default 1000. */
  readonly retryDelayMs?: number;
  /** Told of each failure that is not due to a pause or the end. */
  readonly onError: (error: unknown) => void;
}

export class RoundLoop {
  readonly #options: RoundLoopOptions;
  #isStopped = false;
  #pauses = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: { readonly controller: AbortController; readonly done: Promise<void> } | undefined;
  #isWoken = false;

  constructor(options: RoundLoopOptions) {
    this.#options = options;
  }

  /** Runs a round now, or again after the one that is running. */
  wake(): void {
    if (this.#isStopped || this.#pauses > 0 || this.#running !== undefined) {
      this.#isWoken = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#isWoken = false;
    const controller = new AbortController();
    this.#running = { controller, done: this.#run(controller.signal) };
  }

  /**
   * Interrupts the running round, waits for its end, and starts no other until the returned function
   * was called.
   */
  async pause(): Promise<() => void> {
    this.#pauses += 1;
    await this.#interrupt();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#pauses -= 1;
      if (this.#pauses === 0) this.wake();
    };
  }

  /** Interrupts the running round, waits for its end, and never starts another. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#interrupt();
  }

  async #interrupt(): Promise<void> {
    clearTimeout(this.#timer);
    this.#running?.controller.abort();
    await this.#running?.done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let delay = this.#options.retryDelayMs ?? 1000;
    try {
      delay = await this.#call(signal);
    } catch (error) {
      if (!signal.aborted) this.#options.onError(error);
    }
    this.#running = undefined;
    if (this.#isStopped || this.#pauses > 0) return;
    if (this.#isWoken) this.wake();
    else this.#timer = setTimeout(() => this.wake(), delay);
  }

  /** Turns what a round throws at once into a rejection. */
  async #call(signal: AbortSignal): Promise<number> {
    return this.#options.round(signal);
  }
}
