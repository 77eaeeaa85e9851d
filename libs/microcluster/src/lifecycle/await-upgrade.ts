/** The waiting protocol of a start: compare, wait while others are behind, update, compare again (`spec/core-api.md` 20.5). */
import type { UpgradePhase } from '../database/index.js';
import type { UpgradeBell } from './upgrade-bell.js';

/** A member that is waiting looks again after this long even when nobody rings, milliseconds. */
export const WAIT_LIMIT = 30_000;

/** What the protocol does to the database. */
export interface UpgradeSteps {
  /**
   * Stores our release and compares it with everybody's, in one transaction.
   *
   * @returns the names of the members that are behind; empty: go on
   * @throws when we are the one that is behind. Nothing may have been stored then: others would wait for it
   */
  compare(phase: UpgradePhase): Promise<readonly string[]>;
  /** Applies what is missing. */
  update(): Promise<void>;
}

/**
 * Resolves when every member has our release and the database has its schema.
 *
 * @param waiting told the names of those that are waited for, each time that they were looked for
 * @throws whatever the steps reject with, or the reason of `signal`
 */
export async function awaitUpgrade(
  steps: UpgradeSteps,
  bell: UpgradeBell,
  signal: AbortSignal,
  waiting: (blockedBy: readonly string[]) => void,
): Promise<void> {
  await everybodyHas('schema');
  await steps.update();
  await everybodyHas('extensions');

  async function everybodyHas(phase: UpgradePhase): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      // Whoever rings while we look has changed what we may not have seen any more.
      const { rings } = bell;
      const blockedBy = await steps.compare(phase);
      if (blockedBy.length === 0) return;
      waiting(blockedBy);
      await bell.wait(rings, WAIT_LIMIT, signal);
    }
  }
}
