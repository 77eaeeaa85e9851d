/** Something that becomes ready once, or never, and can be waited for with a signal. */
import { DqliteError } from '../errors/index.js';
import { untilAbort } from '../until-abort.js';

export class Readiness {
  readonly #promise: Promise<void>;
  readonly resolve: () => void;
  /** Has no effect once it is ready. */
  readonly reject: (error: DqliteError) => void;

  constructor() {
    let resolve = (): void => undefined;
    let reject: (error: DqliteError) => void = () => undefined;
    this.#promise = new Promise<void>((onReady, onError) => {
      resolve = onReady;
      reject = onError;
    });
    this.resolve = resolve;
    this.reject = reject;
    // Nobody has to wait; a rejection is then of no consequence.
    this.#promise.catch(() => undefined);
  }

  /** @throws DqliteError `ABORTED` naming `what` when `signal` aborts first, or what it was rejected with */
  async wait(signal: AbortSignal | undefined, what: string): Promise<void> {
    if (signal === undefined) return this.#promise;
    if (!(await untilAbort(this.#promise, signal))) {
      throw new DqliteError('ABORTED', { what }, { cause: signal.reason });
    }
  }
}
