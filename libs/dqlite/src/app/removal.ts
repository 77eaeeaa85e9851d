/** Takes a member out of the cluster, one safe step after the other (`spec/dqlite.md` C.7). */
import { setTimeout as pause } from 'node:timers/promises';
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { LeaderSession } from './leader-session.js';
import { askLeader, takeStep, type MemberContext } from './member-context.js';
import { persist } from './persist.js';
import { decideRemoval, type Departure } from './roles/index.js';

/** A member that did not answer in time may only have been busy: so many looks decide, with a pause between them. */
const LOOKS = 3;
const PAUSE_MS = 500;

/**
 * Removes member `id`; nothing to do when it is none. Looks at the cluster anew before each step, so
 * that it may be repeated, from any member, after a failure.
 *
 * @throws DqliteError `REMOVAL_REFUSED` when the cluster could not work without it
 */
export async function removeMember(
  context: MemberContext,
  id: bigint,
  signal: AbortSignal,
): Promise<void> {
  let refusals = 0;
  for (let isDone = false; !isDone;) {
    try {
      isDone = await persist(signal, () =>
        askLeader(context, signal, (session) => removalStep(context, session, id, signal)),
      );
    } catch (error) {
      refusals += 1;
      if (!isDqliteError(error, 'REMOVAL_REFUSED') || refusals === LOOKS) throw error;
      await pause(PAUSE_MS, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

/** Takes the next step; returns whether the removal is complete. */
async function removalStep(
  context: MemberContext,
  session: LeaderSession,
  id: bigint,
  signal: AbortSignal,
): Promise<boolean> {
  const { members, leader } = await session.states();
  const step = decideRemoval(members, id, leader.id);
  const reason = `member ${id} is removed`;
  switch (step.kind) {
    case 'done':
      return true;
    case 'refuse':
      throw new DqliteError('REMOVAL_REFUSED', { id, reason: step.reason });
    case 'promote':
      try {
        await takeStep(context, session, { role: 'voter', candidates: step.candidates, reason });
      } catch (error) {
        if (step.otherwise === undefined || signal.aborted) throw error;
        await depart(context, session, step.otherwise, reason);
      }
      return false;
    case 'demote':
    case 'remove':
      await depart(context, session, step, reason);
      return false;
    case 'transfer':
      for (const { id: heir, address } of step.candidates) {
        try {
          await session.transfer(heir);
          context.emit({ type: 'leadership-transferred', address });
          return false;
        } catch (error) {
          if (!isDqliteError(error, 'MEMBERSHIP')) throw error;
        }
      }
      throw new DqliteError('REMOVAL_REFUSED', { id, reason: 'nobody else could take leadership' });
  }
}

async function depart(
  context: MemberContext,
  session: LeaderSession,
  { kind, member }: Departure,
  reason: string,
): Promise<void> {
  if (kind === 'remove') await session.remove(member.id);
  else await takeStep(context, session, { role: 'spare', candidates: [member], reason });
}
