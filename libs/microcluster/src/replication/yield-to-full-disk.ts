/**
 * What a node does when its disk fills up: it gives up leading, and then following, before a write of it can fail.
 *
 * A follower whose write has failed goes on with the next one that fits: libdqlite then has a log with a hole, and
 * takes later entries for those that are missing after its next start. A stopped node only lags behind.
 */
import type { LoggerService } from '@nestjs/common';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { DqliteApp, DqliteProcess } from '@microcluster/dqlite';
import type { SpaceGuard } from '../free-space/index.js';

export interface YieldParts {
  readonly app: Pick<DqliteApp, 'id' | 'leader' | 'members' | 'transfer'>;
  readonly host: Pick<DqliteProcess, 'suspend' | 'resume'>;
  readonly guard: Pick<SpaceGuard, 'onLow' | 'onExhausted' | 'onRegained'>;
  readonly logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  /** How long a hand-over may take, milliseconds. */
  readonly handoverMs: number;
}

/**
 * Follows the guard for as long as it looks. A leader without another voter goes on: it alone takes back what it cannot
 * write, and nobody else could serve reads.
 */
export function yieldToFullDisk(parts: YieldParts): void {
  const { guard, host, logger } = parts;
  let isExhausted = false;
  let isSuspended = false;
  let running: Promise<void> | undefined;
  const stopFollowing = async (): Promise<void> => {
    const isLeading = await handOverLeadership(parts);
    // There may be space again by now.
    if (isLeading || !isExhausted) return;
    isSuspended = true;
    host.suspend();
    logger.error({ event: 'database-suspended-on-full-disk' });
  };
  guard.onLow(() => void handOverLeadership(parts));
  guard.onExhausted(() => {
    isExhausted = true;
    if (isSuspended) return;
    running ??= stopFollowing().finally(() => {
      running = undefined;
    });
  });
  guard.onRegained(() => {
    isExhausted = false;
    if (!isSuspended) return;
    isSuspended = false;
    host.resume();
    logger.log({ event: 'database-resumed-on-free-disk' });
  });
}

/** @returns whether this node leads all the same; never rejects */
async function handOverLeadership({ app, logger, handoverMs }: YieldParts): Promise<boolean> {
  const limit = timeLimit(handoverMs);
  try {
    if ((await app.leader(limit))?.id !== app.id) return false;
    const others = (await app.members(limit)).filter(({ id }) => id !== app.id);
    if (!others.some(({ role }) => role === 'voter')) return true;
    await app.transfer(undefined, limit);
    return false;
  } catch (error) {
    logger.warn({ event: 'leadership-kept-on-full-disk', error });
    return true;
  }
}
