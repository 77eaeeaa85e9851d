/** The steps of a removal on the leader, each of which tolerates that its work is done already (`spec/core-api.md` 16.3). */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { LoggerService } from '@nestjs/common';
import { isClientError } from '../../client/index.js';
import { failedWith } from '../../errors/failed-with.js';
import type { HookRunner } from '../../hooks/index.js';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { MemberRuntime } from '../../lifecycle/member-runtime.js';
import type { ParsedDaemonArgs } from '../../options/index.js';
import type { ClusterRecords } from '../cluster-records.js';
import type { Peers } from '../peers.js';
import type { TrustPropagation } from '../trust-propagation.js';
import type { RemovalTarget } from './decide-removal.js';

/** What the removal of another member works on. */
export interface RemovalParts {
  readonly args: ParsedDaemonArgs;
  readonly identity: MemberIdentity;
  readonly runtime: Pick<MemberRuntime, 'opened'>;
  readonly records: ClusterRecords;
  readonly peers: Peers;
  readonly propagation: TrustPropagation;
  readonly hooks: Pick<HookRunner, 'run'>;
  readonly logger: LoggerService;
}

/** A step that was not taken, and why. */
export interface SkippedStep {
  readonly step: string;
  readonly reason: string;
}

interface Step {
  readonly name: string;
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
  for (const { name, run } of removalSteps(parts, target, force, signal)) {
    try {
      const reason = await run();
      if (reason !== undefined) skipped.push({ step: name, reason });
    } catch (error) {
      // The row decides who is a member: without that step, the removal would only look done.
      if (!force || name === 'row') throw error;
      skipped.push({ step: name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return skipped;
}

function removalSteps(
  parts: RemovalParts,
  target: RemovalTarget,
  force: boolean,
  signal: AbortSignal,
): Step[] {
  const { records, peers, propagation, runtime, args } = parts;
  const { name, address } = target;
  const requests = { signal, timeoutMs: args.timeouts.request };
  const probes = { signal, timeoutMs: args.timeouts.probe };
  let isAway = false;
  return [
    {
      name: 'reach',
      async run() {
        if (!force && !target.isRepeated) return undefined;
        try {
          await peers.with(address, (client) => client.ready(probes));
          return undefined;
        } catch (error) {
          isAway = !isClientError(error, 'REPLIED');
          return isAway ? messageOf(error) : undefined;
        }
      },
    },
    {
      name: 'pre-remove hook',
      async run() {
        if (target.isRepeated) return 'it ran before the interruption';
        if (isAway) return 'the member cannot be reached';
        await peers
          .with(address, (client) =>
            client.runHook(
              'pre-remove',
              { force },
              { ...requests, target: name, notification: true },
            ),
          )
          .catch(failedWith(`Failed to execute pre-remove hook on cluster member "${name}"`));
        return undefined;
      },
    },
    { name: 'row', run: () => records.write((tables) => deleteRow(tables, target)) },
    {
      name: 'dqlite',
      async run() {
        const id = target.nodeId;
        if (id === undefined) return 'it is not in dqlite';
        await runtime.opened
          .removeMember(id, signal)
          .catch(failedWith(`Failed to remove cluster member "${name}" from dqlite`));
        return undefined;
      },
    },
    {
      name: 'truststore',
      async run() {
        const known = await propagation.forget(name);
        return known ? undefined : 'it is not in the truststore';
      },
    },
    {
      name: 'reset',
      async run() {
        if (isAway) return 'the member cannot be reached; it notices at its next start';
        try {
          await peers.with(address, (client) => client.resetMember(name, { ...requests, force }));
          return undefined;
        } catch (error) {
          if (target.isRepeated) return messageOf(error);
          return failedWith(`Failed to reset cluster member "${name}"`)(error);
        }
      },
    },
    { name: 'post-remove hook', run: () => runPostRemove(parts, name, force, signal) },
    {
      name: 'record',
      async run() {
        await records.write(({ removals }) => removals.finish(name));
        return undefined;
      },
    },
  ];
}

/** A joiner that never finished gives its token back in the same transaction. */
async function deleteRow(
  { members, tokens, removals }: Parameters<Parameters<ClusterRecords['write']>[0]>[0],
  { name, address, nodeId }: RemovalTarget,
): Promise<string | undefined> {
  const row = await members.byName(name);
  await members.remove(name);
  if (row !== undefined) await tokens.release(row.certificate, new Date());
  await removals.begin({ name, address, nodeId });
  return row === undefined ? 'it is not in the member table' : undefined;
}

/** Here first, then on all that remain. Who cannot be reached, or is not ready, does not hold up a removal. */
async function runPostRemove(
  { hooks, peers, identity, args }: RemovalParts,
  name: string,
  force: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  await hooks
    .run('postRemove', { signal }, { force })
    .catch(failedWith(`Failed to execute post-remove hook on cluster member "${identity.name}"`));
  const rest = peers.others().filter((member) => member.name !== name);
  const replies = await peers.ask(rest, (client, { name: peer }) =>
    client.runHook(
      'post-remove',
      { force },
      {
        target: peer,
        notification: true,
        signal: AbortSignal.any([signal, timeLimit(args.timeouts.request)]),
      },
    ),
  );
  const missed: string[] = [];
  for (const reply of replies) {
    if (!('error' in reply)) continue;
    const { error, member } = reply;
    if (isClientError(error, 'REPLIED') && error.status !== 503) {
      failedWith(`Failed to execute post-remove hook on cluster member "${member.name}"`)(error);
    }
    missed.push(member.name);
  }
  return missed.length === 0 ? undefined : `not reached: ${missed.join(', ')}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
