/** The steps of a removal on the leader, each of which tolerates that its work is done already (`spec/core-api.md` 16.3). */
import { failedWith } from '../../errors/failed-with.js';
import type { Failpoint, Failpoints } from '../../failpoints/index.js';
import type { SkippedStep } from '../../types/index.js';
import type { Tables } from '../cluster-records.js';
import type { RemovalTarget } from './decide-removal.js';
import type { RemovalEffects } from './removal-effects.js';

/** What the removal of another member works on. */
export interface RemovalParts {
  readonly effects: RemovalEffects;
  /** Transactions on the framework's tables. */
  readonly records: { write<T>(work: (tables: Tables) => Promise<T>): Promise<T> };
  readonly failpoints: Failpoints;
}

interface Step {
  readonly name: string;
  /** Where a test stops the removal before this step. */
  readonly point: Failpoint;
  /** Resolves with the reason when there was nothing to do, or nobody to do it with. */
  readonly run: () => Promise<string | undefined>;
}

/**
 * Removes `target`, which is not this member. Repeated after any interruption, by whoever leads then, it
 * completes: the record of the removal is written in the transaction that deletes the member's row, and
 * closed after the last step.
 *
 * @param force goes on when a step fails
 * @returns the steps that were skipped or, with `force`, failed
 * @throws MicroclusterError naming the step that failed; the steps before it stay done
 */
export async function removeOtherMember(
  parts: RemovalParts,
  target: RemovalTarget,
  force: boolean,
  signal: AbortSignal,
): Promise<SkippedStep[]> {
  const skipped: SkippedStep[] = [];
  for (const { name, point, run } of removalSteps(parts, target, force, signal)) {
    await parts.failpoints.reach(point);
    try {
      const reason = await run();
      if (reason !== undefined) skipped.push({ step: name, reason });
    } catch (error) {
      // The row decides who is a member: without that step, the removal would only look done.
      if (!force || name === 'row') throw error;
      skipped.push({ step: name, reason: messageOf(error) });
    }
  }
  await parts.failpoints.reach('removal:completed');
  return skipped;
}

function removalSteps(
  { effects, records }: RemovalParts,
  target: RemovalTarget,
  force: boolean,
  signal: AbortSignal,
): Step[] {
  const { name, nodeId, isRepeated } = target;
  let isAway = false;
  return [
    {
      name: 'reach',
      point: 'removal:reach',
      async run() {
        // Otherwise the first step that needs the member says that it cannot be reached.
        if (!force && !isRepeated) return undefined;
        try {
          await effects.reach(target, signal);
          return undefined;
        } catch (error) {
          isAway = true;
          return messageOf(error);
        }
      },
    },
    {
      name: 'pre-remove hook',
      point: 'removal:pre-remove-hook',
      async run() {
        if (isRepeated) return 'it ran before the interruption';
        if (isAway) return 'the member cannot be reached';
        await effects
          .runPreRemove(target, force, signal)
          .catch(failedWith(`Failed to execute pre-remove hook on cluster member "${name}"`));
        return undefined;
      },
    },
    {
      name: 'row',
      point: 'removal:row',
      run: () => records.write((tables) => deleteRow(tables, target)),
    },
    {
      name: 'dqlite',
      point: 'removal:dqlite',
      async run() {
        if (nodeId === undefined) return 'it is not in dqlite';
        await effects
          .removeNode(nodeId, signal)
          .catch(failedWith(`Failed to remove cluster member "${name}" from dqlite`));
        return undefined;
      },
    },
    {
      name: 'truststore',
      point: 'removal:truststore',
      async run() {
        return (await effects.distrust(name)) ? undefined : 'it is not in the truststore';
      },
    },
    {
      name: 'reset',
      point: 'removal:reset',
      async run() {
        if (isAway) return 'the member cannot be reached; it notices at its next start';
        try {
          await effects.reset(target, force, signal);
          return undefined;
        } catch (error) {
          if (isRepeated) return messageOf(error);
          return failedWith(`Failed to reset cluster member "${name}"`)(error);
        }
      },
    },
    {
      name: 'post-remove hook',
      point: 'removal:post-remove-hook',
      async run() {
        const missed = await effects.runPostRemove(name, force, signal);
        return missed.length === 0 ? undefined : `not reached: ${missed.join(', ')}`;
      },
    },
    {
      name: 'record',
      point: 'removal:record',
      async run() {
        await records.write(({ removals }) => removals.finish(name));
        return undefined;
      },
    },
  ];
}

/** A joiner that never finished gives its token back in the same transaction. */
async function deleteRow(
  { members, tokens, removals }: Tables,
  { name, address, nodeId }: RemovalTarget,
): Promise<string | undefined> {
  const row = await members.byName(name);
  const now = new Date();
  // A member that died before it spent its token, but has had a heartbeat since, has finished.
  await tokens.settle(now);
  await members.remove(name);
  if (row !== undefined) await tokens.release(row.certificate, now);
  await removals.begin({ name, address, nodeId });
  return row === undefined ? 'it is not in the member table' : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
