/** Watches the free space of the database's file system, and refuses writes before there is none. */
import { statfs } from 'node:fs/promises';
import type { LoggerService } from '@nestjs/common';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { decideSpace, reserveOf, type DiskSpace, type SpaceState } from './decide-space.js';

/** A look costs one system call of some microseconds, milliseconds. */
const INTERVAL = 250;
const MEBIBYTE = 1024 * 1024;

export interface SpaceGuardParts {
  /** The database directory. */
  readonly directory: string;
  /** Bytes to keep free; 0 switches the guard off. */
  readonly minimumFreeBytes: number;
  readonly logger: Pick<LoggerService, 'log' | 'error'>;
  readonly intervalMs?: number;
  readonly read?: (directory: string) => Promise<DiskSpace>;
}

/** Runs from its making to {@link close}. */
export class SpaceGuard {
  private state: SpaceState = 'enough';
  private space: DiskSpace = { free: Infinity, size: Infinity };
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private running: Promise<void>;
  private readonly lowListeners = new Set<() => void>();
  private readonly exhaustedListeners = new Set<() => void>();
  private readonly regainedListeners = new Set<() => void>();

  constructor(private readonly parts: SpaceGuardParts) {
    this.running = parts.minimumFreeBytes > 0 ? this.look() : Promise.resolve();
  }

  /** Calls `listener` when the space has become low, once each time. */
  onLow(listener: () => void): void {
    this.lowListeners.add(listener);
  }

  /** Calls `listener` at each look that finds the space exhausted. */
  onExhausted(listener: () => void): void {
    this.exhaustedListeners.add(listener);
  }

  /** Calls `listener` when there is enough space again. */
  onRegained(listener: () => void): void {
    this.regainedListeners.add(listener);
  }

  /**
   * @param cause what went wrong, where something has
   * @throws MicroclusterError `DISK_FULL` while the space is low
   */
  requireSpace(cause?: unknown): void {
    if (this.state === 'enough') return;
    const { directory, minimumFreeBytes } = this.parts;
    const free = Math.floor(this.space.free / MEBIBYTE);
    const minimum = Math.ceil(reserveOf(this.space, minimumFreeBytes) / MEBIBYTE);
    throw new MicroclusterError('DISK_FULL', { directory, free, minimum }, { cause });
  }

  /** Ends watching. Idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async look(): Promise<void> {
    const { directory, minimumFreeBytes, logger, read = readSpace } = this.parts;
    try {
      this.space = await read(directory);
      const next = decideSpace(this.state, this.space, minimumFreeBytes);
      if (next !== this.state) this.enter(next);
      if (next === 'exhausted') call(this.exhaustedListeners);
    } catch (error) {
      // A directory that cannot be looked at says so elsewhere; nobody is refused for that.
      logger.error({ event: 'free-space-unknown', directory, error });
    }
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.running = this.look();
    }, this.parts.intervalMs ?? INTERVAL).unref();
  }

  private enter(next: SpaceState): void {
    const { directory, logger } = this.parts;
    const before = this.state;
    this.state = next;
    const { free } = this.space;
    if (next === 'enough') {
      logger.log({ event: 'disk-space-regained', directory, free });
      call(this.regainedListeners);
      return;
    }
    logger.error({ event: `disk-space-${next}`, directory, free });
    if (before === 'enough') call(this.lowListeners);
  }
}

function call(listeners: ReadonlySet<() => void>): void {
  for (const listener of listeners) listener();
}

async function readSpace(directory: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { free: bavail * bsize, size: blocks * bsize };
}
