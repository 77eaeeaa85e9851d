/** What all work of a member on its cluster shares. */
import type { LeaderConnector } from '../client/index.js';
import type { NodeDirectory } from './files/index.js';
import { withLeader, type LeaderSession } from './leader-session.js';
import type { MemberStore } from './member-store.js';
import type { AppEvent, ResolvedOptions } from './options.js';
import type { Prober } from './probe.js';
import type { MemberState, RoleStep } from './roles/index.js';

export interface MemberContext {
  /** Identifier of this node. */
  readonly id: bigint;
  /** Address of this node. */
  readonly address: string;
  readonly options: ResolvedOptions;
  readonly directory: NodeDirectory;
  readonly store: MemberStore;
  readonly connector: LeaderConnector;
  readonly prober: Prober;
  readonly emit: (event: AppEvent) => void;
}

/** {@link withLeader} with the parts of `context`; `searchTimeoutMs` bounds the search for the leader. */
export function askLeader<T>(
  { connector, prober }: MemberContext,
  signal: AbortSignal,
  work: (session: LeaderSession) => Promise<T>,
  searchTimeoutMs = 30_000,
): Promise<T> {
  return withLeader({ connector, prober, signal, searchTimeoutMs }, work);
}

/** Takes a step and reports it. */
export async function takeStep(
  { emit }: MemberContext,
  session: LeaderSession,
  step: RoleStep,
): Promise<MemberState> {
  const { id, address } = await session.take(step);
  emit({ type: 'role-changed', id, address, role: step.role, reason: step.reason });
  return { ...requireCandidate(step, id), role: step.role };
}

function requireCandidate(step: RoleStep, id: bigint): MemberState {
  const found = step.candidates.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`node ${id} is no candidate of the step`);
  return found;
}
