/** Takes backups regularly, as the settings of this member say, and deletes the oldest ones. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { LoggerService } from '@nestjs/common';
import { createDirectory, removeTemporaryFiles } from '../state/write-file-atomic.js';
import { writeBackupFile } from './backup-files.js';
import { dueIn, scheduledName, surplus, type ScheduleSettings } from './decide-schedule.js';

/** After a failure the next attempt waits at most this long, milliseconds. */
const RETRY = 60_000;
/** Timers do not reach further, milliseconds. */
const LONGEST_WAIT = 24 * 3_600_000;

export interface ScheduledBackupsParts {
  readonly settings: ScheduleSettings & { readonly directory: string };
  /** Whether there is an open database to back up. */
  readonly isOpen: () => boolean;
  readonly take: (signal: AbortSignal) => Promise<Readable>;
  readonly logger: LoggerService;
  readonly now?: () => Date;
}

/** Runs from {@link start} to {@link close}. */
export class ScheduledBackups {
  private readonly closing = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ScheduledBackupsParts) {}

  start(): void {
    this.wait(0);
  }

  /** Ends a backup under way; nothing of it is left. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.closing.abort(new Error('The daemon is stopping'));
    await this.running;
  }

  private wait(milliseconds: number): void {
    if (this.closing.signal.aborted) return;
    this.timer = setTimeout(
      () => {
        this.running = this.round();
      },
      Math.min(milliseconds, LONGEST_WAIT),
    ).unref();
  }

  private async round(): Promise<void> {
    const { settings, logger } = this.parts;
    const retry = Math.min(RETRY, settings.intervalMs);
    try {
      this.wait(this.parts.isOpen() ? await this.takeIfDue() : retry);
    } catch (error) {
      if (this.closing.signal.aborted) return;
      logger.error({ event: 'scheduled-backup-failed', directory: settings.directory, error });
      this.wait(retry);
    }
  }

  /** @returns milliseconds until there is something to do again */
  private async takeIfDue(): Promise<number> {
    const { settings, take, logger } = this.parts;
    const { directory } = settings;
    const now = this.parts.now?.() ?? new Date();
    await createDirectory(directory, 0o700);
    const left = dueIn(await readdir(directory), now.getTime(), settings);
    if (left > 0) return left;
    await removeTemporaryFiles(directory);
    const file = path.join(directory, scheduledName(now));
    await writeBackupFile(file, await take(this.closing.signal));
    // Only when the new one is safe.
    for (const name of surplus(await readdir(directory), now.getTime(), settings)) {
      await rm(path.join(directory, name), { force: true });
    }
    logger.log({ event: 'backup-taken', file });
    return settings.intervalMs;
  }
}
