/** A time in which no process may be started. */
import { once } from 'node:events';

/** Begins and ends; whoever wants to start something waits until it is over. */
export class Suspension {
  #current: AbortController | undefined;

  begin(): void {
    this.#current ??= new AbortController();
  }

  end(): void {
    this.#current?.abort();
    this.#current = undefined;
  }

  /** Resolves at once where there is none. @throws the reason of `signal` when that aborts first */
  async over(signal: AbortSignal): Promise<void> {
    while (this.#current !== undefined) {
      signal.throwIfAborted();
      await once(AbortSignal.any([signal, this.#current.signal]), 'abort');
    }
    signal.throwIfAborted();
  }
}
