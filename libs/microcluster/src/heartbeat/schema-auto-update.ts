/** Runs the operator's update program when the cluster has moved to a newer schema (`spec/core-api.md` 17.5). */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { SchemaVersions } from '../database/index.js';

/** Longest pause before an update, milliseconds. */
const LONGEST_DELAY = 30_000;
/** All members learn of an update within one of these, and one after the other it is carried out. */
const DELAY_INTERVALS = 3;

/** A random pause before an update, milliseconds, given the time between two heartbeats: below half a minute. */
export function randomDelay(intervalMs: number): number {
  return Math.random() * Math.min(LONGEST_DELAY, DELAY_INTERVALS * intervalMs);
}

/** What the updater works with. */
export interface SchemaAutoUpdateOptions {
  /** Path of the program, from the environment variable `SCHEMA_UPDATE`; `undefined`: only warn. */
  readonly program: string | undefined;
  readonly logger: { log(event: object): void; warn(event: object): void };
  /** Milliseconds to wait first, so that members do not update all at once. */
  readonly delayMs: () => number;
}

/**
 * At most one run at a time. It happens beside the heartbeat that caused it, not inside: the leader would
 * otherwise take this member for silent.
 */
export class SchemaAutoUpdate {
  private readonly closing = new AbortController();
  private running: Promise<void> | undefined;
  private warnedOf = '';

  constructor(private readonly options: SchemaAutoUpdateOptions) {}

  /** Called with each heartbeat that names newer versions than ours; returns at once. */
  notice(newest: SchemaVersions): void {
    const { program, logger } = this.options;
    if (program === undefined) {
      // Every heartbeat tells it again.
      const versions = JSON.stringify(newest);
      if (versions !== this.warnedOf) logger.warn({ event: 'schema-behind', newest });
      this.warnedOf = versions;
      return;
    }
    if (this.running !== undefined || this.closing.signal.aborted) return;
    this.running = this.update(program, newest)
      .catch((error: unknown) => {
        if (!this.closing.signal.aborted)
          logger.warn({ event: 'schema-update-failed', program, error });
      })
      .finally(() => {
        this.running = undefined;
      });
  }

  /**
   * Stops waiting, and starts no program any more. One that runs goes on: it may be what stops this daemon, to
   * start the next release.
   */
  async close(): Promise<void> {
    this.closing.abort();
    await this.running;
  }

  private async update(program: string, newest: SchemaVersions): Promise<void> {
    const { logger, delayMs } = this.options;
    const { signal } = this.closing;
    await delay(delayMs(), undefined, { signal });
    logger.log({ event: 'schema-update-started', program, newest });
    await new Promise<void>((resolve, reject) => {
      const child = spawn(program, [], { stdio: 'ignore', detached: true });
      signal.addEventListener(
        'abort',
        () => {
          child.unref();
          reject(signal.reason);
        },
        { once: true },
      );
      child.once('error', reject);
      child.once('exit', (code, killedBy) => {
        if (code === 0) resolve();
        else
          reject(new Error(`${program} ended with ${code === null ? killedBy : `status ${code}`}`));
      });
    });
    logger.log({ event: 'schema-update-finished', program });
  }
}
