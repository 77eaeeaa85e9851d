/** Stands between a result that arrives and the loop that reads it, with a bound on what waits in between. */
import { DqliteError } from '../errors/index.js';
import type { SqlValue } from '../values.js';
import type { RowsPart } from '../wire/index.js';

/** A row of a streamed result with the names of its columns. */
export interface StreamedRow {
  readonly columns: readonly string[];
  readonly row: SqlValue[];
}

/**
 * The server must not be kept waiting in the middle of a result (rule 13), so rows are taken off its hands eagerly
 * and the sender is asked to pause only when many wait here.
 */
export class RowBuffer {
  readonly #parts: RowsPart[] = [];
  #waitingRows = 0;
  #done = false;
  #error: DqliteError | undefined;
  #wake: (() => void) | undefined;
  readonly #highWaterRows: number;
  readonly #onFull: () => void;
  readonly #onDrained: () => void;
  readonly #onArrived: () => void;

  constructor(options: {
    readonly highWaterRows: number;
    readonly onFull: () => void;
    readonly onDrained: () => void;
    readonly onArrived: () => void;
  }) {
    this.#highWaterRows = options.highWaterRows;
    this.#onFull = options.onFull;
    this.#onDrained = options.onDrained;
    this.#onArrived = options.onArrived;
  }

  /** Whether the whole result has arrived, or never will. */
  get isComplete(): boolean {
    return this.#done || this.#error !== undefined;
  }

  part(part: RowsPart): void {
    this.#parts.push(part);
    this.#waitingRows += part.rows.length;
    this.#done = part.done;
    if (this.#done) this.#onArrived();
    else if (this.#waitingRows >= this.#highWaterRows) this.#onFull();
    this.#wake?.();
  }

  fail(error: DqliteError): void {
    this.#error ??= error;
    this.#wake?.();
  }

  /** Throws away what waits and what still comes. */
  discard(): void {
    this.#parts.length = 0;
    this.#waitingRows = 0;
  }

  /** The next part; undefined at the end of the result. */
  async take(): Promise<RowsPart | undefined> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        const wasFull = this.#waitingRows >= this.#highWaterRows;
        this.#waitingRows -= part.rows.length;
        if (wasFull && this.#waitingRows < this.#highWaterRows) this.#onDrained();
        return part;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#done) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
