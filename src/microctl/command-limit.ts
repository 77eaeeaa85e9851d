/** The time limit of a whole command, which stands still while a person is waited for. */
import type { Terminal } from './terminal.js';

/** The limit that was given for a command has passed. */
export class CommandLimitError extends Error {
  override readonly name = 'CommandLimitError';

  /** @param what the sentence's beginning: who has not done what */
  constructor(what: string, ms: number, options?: ErrorOptions) {
    const hint = 'check that the daemon is alive, or give it longer with --timeout';
    super(`${what} within ${ms} ms; ${hint}`, options);
  }
}

/** Runs from when it is made until {@link stop}, and aborts its signal when it has passed. */
export class CommandLimit {
  readonly #controller = new AbortController();
  readonly #ms: number;
  #leftMs: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param ms milliseconds, at most 2^31 - 1; 0 is no limit */
  constructor(ms: number) {
    this.#ms = ms;
    this.#leftMs = ms;
    this.#start();
  }

  /** Aborted, with a {@link CommandLimitError} as reason, when the limit has passed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The error of a command that failed because the limit has passed: `error` where it says so, else one that does. */
  failure(error: unknown): CommandLimitError {
    if (error instanceof CommandLimitError) return error;
    return new CommandLimitError('The command was not done', this.#ms, { cause: error });
  }

  /** Ends the limit; its signal stays as it is. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** `terminal`, on which the limit stands still while a person answers, edits or types. */
  sparing(terminal: Terminal): Terminal {
    return {
      ...terminal,
      ask: (question, signal) => this.#suspended(() => terminal.ask(question, signal)),
      edit: (text, signal) => this.#suspended(() => terminal.edit(text, signal)),
      readInput: (signal) =>
        terminal.isInteractive
          ? this.#suspended(() => terminal.readInput(signal))
          : terminal.readInput(signal),
    };
  }

  #start(): void {
    if (this.#ms === 0 || this.signal.aborted) return;
    this.#startedAt = performance.now();
    this.#timer = setTimeout(() => {
      this.#controller.abort(new CommandLimitError('The command was not done', this.#ms));
    }, this.#leftMs);
  }

  async #suspended<T>(work: () => Promise<T>): Promise<T> {
    this.stop();
    this.#leftMs = Math.max(1, this.#leftMs - (performance.now() - this.#startedAt));
    try {
      return await work();
    } finally {
      this.#start();
    }
  }
}
