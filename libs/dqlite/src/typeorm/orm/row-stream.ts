/** The rows of a query as the readable stream that TypeORM's `stream()` promises. */
import { Readable } from 'node:stream';
import type { SqlRow } from '../engine.js';

/** Rows read ahead of the consumer. */
const READ_AHEAD = 64;

/** An object stream. Destroying it, or leaving a `for await` loop over it, ends the query. */
export class RowStream extends Readable {
  // TypeORM declares the streams of all its drivers as `fs.ReadStream`, whose members these are.
  bytesRead = 0;
  readonly path = '';
  readonly pending = false;

  private readonly rows: AsyncIterator<SqlRow>;
  private pulling = false;

  /**
   * @param source the query
   * @param finished called once when the stream is over, with the error when it failed; awaited before 'close'
   */
  constructor(
    source: AsyncIterable<SqlRow>,
    private readonly finished: (error: Error | null) => Promise<void>,
  ) {
    super({ objectMode: true, highWaterMark: READ_AHEAD });
    this.rows = source[Symbol.asyncIterator]();
  }

  /** As `fs.ReadStream.close`. */
  close(callback?: (error?: NodeJS.ErrnoException | null) => void): void {
    if (callback) this.once('close', () => callback());
    this.destroy();
  }

  override _read(): void {
    if (!this.pulling) void this.pull();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    void this.end(error, callback);
  }

  private async pull(): Promise<void> {
    this.pulling = true;
    try {
      for (;;) {
        const next = await this.rows.next();
        if (this.destroyed) return;
        if (next.done) {
          this.push(null);
          return;
        }
        if (!this.push(next.value)) return;
      }
    } catch (error) {
      this.destroy(asError(error));
    } finally {
      this.pulling = false;
    }
  }

  /** Ends the query and tells its owner, whatever ended the stream. */
  private async end(error: Error | null, done: (error?: Error | null) => void): Promise<void> {
    let reason = error;
    try {
      try {
        await this.rows.return?.();
      } finally {
        await this.finished(error);
      }
    } catch (cause) {
      reason ??= asError(cause);
    }
    done(reason);
  }
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
