/** What a member does about its cluster in each round of the main loop (`spec/dqlite.md` C.3). */
import { performance } from 'node:perf_hooks';
import { isDqliteError } from '../errors/index.js';
import type { NodeInfo } from '../values.js';
import { observeAbsence, type Absence } from './absence.js';
import type { ClusterView, LeaderSession } from './leader-session.js';
import { declareWeight } from './local-node.js';
import { askLeader, takeStep, type MemberContext } from './member-context.js';
import { decideAdjust, decideAssume } from './roles/index.js';
import { untilAbort } from '../until-abort.js';

/** Pause before another look, milliseconds, while something is not as it should be. */
const RETRY_MS = 1000;
/** Raft's election timeout in units of the latency (`spec/dqlite.md` B.1). */
const ELECTION_TIMEOUT_LATENCIES = 15;

export interface RoundsOptions {
  readonly context: MemberContext;
  /** The node still has to be added to the cluster. */
  readonly joining: boolean;
  readonly onReady: (self: NodeInfo) => void;
  readonly onRemoved: () => void;
}

export class Rounds {
  readonly #options: RoundsOptions;
  #isJoining: boolean;
  #isReady = false;
  #absence: Absence;
  /** Who was listed in the round before: who was not has just joined. */
  #settled: ReadonlySet<bigint> = new Set();

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#isJoining = options.joining;
  }

  /** One round; returns the milliseconds until the next. */
  async run(signal: AbortSignal): Promise<number> {
    const { context } = this.#options;
    await this.#declareWeight(signal);
    const view = await askLeader(context, signal, (session) => this.#visit(session, signal));
    if (view === undefined) return RETRY_MS;
    if (!this.#isReady) {
      this.#isReady = true;
      this.#options.onReady(selfOf(view, context.id));
    } else {
      await this.#callHook(view, signal);
    }
    return context.options.adjustIntervalMs;
  }

  /** The cluster after this round's changes, or `undefined` when this node has no place in it (yet). */
  async #visit(session: LeaderSession, signal: AbortSignal): Promise<ClusterView | undefined> {
    const { context } = this.#options;
    if (this.#isJoining) await this.#join(session);
    const view = await session.view();
    if (view === undefined) return undefined;
    if (!this.#checkMembership(view)) return undefined;
    await context.store.update(view.members);
    const listed = new Set(view.members.map(({ id }) => id));
    const isChanged = this.#isReady
      ? view.leader.id === context.id && (await this.#adjust(session, signal))
      : await this.#assume(session);
    this.#settled = listed;
    if (!isChanged) return view;
    const changed = await session.view();
    if (changed !== undefined) await context.store.update(changed.members);
    return changed ?? view;
  }

  async #join(session: LeaderSession): Promise<void> {
    const { id, address, directory, emit } = this.#options.context;
    await session.add(id, address);
    await directory.markJoined();
    this.#isJoining = false;
    emit({ type: 'joined', leader: session.address });
  }

  /** Whether the leader lists this node. Reports a removal once the list has lacked it long enough. */
  #checkMembership(view: ClusterView): boolean {
    const { id, options } = this.#options.context;
    const isListed = view.members.some((member) => member.id === id);
    const graceMs = 2 * ELECTION_TIMEOUT_LATENCIES * options.networkLatencyMs;
    const observed = observeAbsence(this.#absence, isListed, performance.now(), { graceMs });
    this.#absence = observed.absence;
    if (observed.isRemoved) this.#options.onRemoved();
    return isListed;
  }

  /** Takes a role by itself; returns whether it changed something. */
  async #assume(session: LeaderSession): Promise<boolean> {
    const { context } = this.#options;
    const { members } = await session.states();
    const steps = decideAssume(members, context.id, context.options);
    for (const step of steps) {
      try {
        await takeStep(context, session, step);
      } catch (error) {
        // The change of another member may be under way already: the leader's adjustment sees to the rest.
        if (steps.length === 1 || !isDqliteError(error)) throw error;
        return true;
      }
    }
    return steps.length > 0;
  }

  /** Corrects roles, one change at a time, until nothing is left to do; returns whether it changed something. */
  async #adjust(session: LeaderSession, signal: AbortSignal): Promise<boolean> {
    const { context } = this.#options;
    // Enough for any correction; a cluster that changes under our eyes is looked at again next round.
    const limit = 4 * context.store.members.length;
    for (let changes = 0; changes < limit; changes += 1) {
      signal.throwIfAborted();
      const { members } = await session.states();
      const step = decideAdjust(members, context.id, context.options, this.#settled);
      if (step === undefined) return changes > 0;
      try {
        await takeStep(context, session, step);
      } catch (error) {
        if (!isDqliteError(error, 'BUSY', 'MEMBERSHIP')) throw error;
        context.emit({ type: 'round-failed', error });
        return changes > 0;
      }
    }
    return true;
  }

  /** The engine forgets its weight when it restarts, so it is told in each round. */
  async #declareWeight(signal: AbortSignal): Promise<void> {
    const { options, address } = this.#options.context;
    if (options.weight === 0n) return;
    const wait = { signal, deadlineMs: RETRY_MS * 5 };
    await declareWeight(options.host, address, options.weight, wait);
  }

  /** Waits for the user's hook, but not beyond `signal`. */
  async #callHook(view: ClusterView, signal: AbortSignal): Promise<void> {
    const { options, id, emit } = this.#options.context;
    const { onRound } = options;
    if (onRound === undefined) return;
    try {
      const round = { ...view, isLeader: view.leader.id === id, signal };
      await untilAbort(Promise.resolve(onRound(round)), signal);
    } catch (error) {
      emit({ type: 'hook-failed', error });
    }
  }
}

function selfOf(view: ClusterView, id: bigint): NodeInfo {
  return view.members.find((member) => member.id === id) ?? view.leader;
}
