/** A member of a dqlite cluster: its node, its files, its role, and its way in and out. */
import { timeLimit } from '../time-limit.js';
import { setTimeout as pause } from 'node:timers/promises';
import { DEFAULT_DEADLINE_MS } from '../client/deadline.js';
import { LeaderConnector, DqliteClient, type DqliteClientOptions } from '../client/index.js';
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { Dial, NodeInfo, NodeRole } from '../values.js';
import { NodeDirectory, type StartPlan } from './files/index.js';
import { handOver } from './hand-over.js';
import { believesToLead, dialWithLocal } from './local-node.js';
import type { ClusterView } from './leader-session.js';
import { askLeader, type MemberContext } from './member-context.js';
import { MemberStore } from './member-store.js';
import { resolveOptions, type DqliteAppOptions, type ResolvedOptions } from './options.js';
import { persist } from './persist.js';
import { Prober } from './probe.js';
import { Readiness } from './readiness.js';
import { resumeAdoption } from './recovery/index.js';
import { removeMember } from './removal.js';
import { mayStopVoting } from './roles/index.js';
import { RoundLoop } from './round-loop.js';
import { Rounds } from './rounds.js';

/** What a call that waits accepts. */
export interface AppWaitOptions {
  readonly signal?: AbortSignal | undefined;
}

const CHANGE_TIMEOUT_MS = 60_000;
/** Drain of local clients before a transfer of leadership, milliseconds. */
const DRAIN_TIMEOUT_MS = 5000;
const DRAIN_POLL_MS = 10;

/** `open`, then `removed` when the cluster removed this node, then `closed`. */
export type AppStatus = 'open' | 'removed' | 'closed';

/**
 * A member of a cluster. Opening it starts the node; a loop in the background joins the cluster, keeps
 * the list of members fresh, and, on the leader, adjusts everybody's roles.
 *
 * All methods reject with a `DqliteError`: `CLOSED` after {@link close}, `NODE_REMOVED` once the cluster
 * removed this node.
 */
export class DqliteApp {
  readonly #context: MemberContext;
  readonly #dial: Dial;
  readonly #readiness = new Readiness();
  readonly #loop: RoundLoop;
  readonly #clients = new Set<DqliteClient>();
  readonly #removalListeners = new Set<() => void>();
  readonly #stopWatchingHost: () => void;
  #status: AppStatus = 'open';
  #stopping: Promise<void> | undefined;

  private constructor(context: MemberContext, dial: Dial, plan: StartPlan) {
    this.#context = context;
    this.#dial = dial;
    const rounds = new Rounds({
      context,
      joining: plan.joining,
      onReady: ({ role }) => {
        this.#readiness.resolve();
        context.emit({ type: 'ready', role });
      },
      onRemoved: () => this.#leave(),
    });
    this.#loop = new RoundLoop({
      round: (signal) => rounds.run(signal),
      onError: (error) => context.emit({ type: 'round-failed', error }),
    });
    this.#stopWatchingHost = context.options.host.onStatus((status, reason) => {
      if (status !== 'failed') return;
      const { address } = context;
      const details = { cause: reason };
      const text = reason?.message ?? 'the database process failed';
      this.#readiness.reject(
        new DqliteError('NODE_START_FAILED', { address, reason: text }, details),
      );
    });
  }

  /**
   * Starts the node: a new cluster's first, one that joins, or one that was here before, as the
   * directory says. Resolves when the node runs; {@link ready} tells when it has its place in the cluster.
   *
   * @throws DqliteError `STATE_FILES`, `NODE_REMOVED`, `DIRECTORY_LOCKED`, `NODE_START_FAILED`, `MISUSE`
   */
  static async open(given: DqliteAppOptions, { signal }: AppWaitOptions = {}): Promise<DqliteApp> {
    const options = resolveOptions(given);
    const { host, address } = options;
    await resumeAdoption(options.directory);
    const directory = new NodeDirectory(options.directory);
    const plan = await directory.prepareStart(address, options.join);
    await startNode(options, directory, plan, signal);
    const dial = dialWithLocal(host, address, options.dial);
    const store = new MemberStore(directory, plan.servers);
    const context: MemberContext = {
      id: plan.id,
      address,
      options,
      directory,
      store,
      connector: new LeaderConnector({ dial, servers: () => store.members }),
      prober: new Prober(dial),
      emit: (event) => options.onEvent?.(event),
    };
    const app = new DqliteApp(context, dial, plan);
    app.#loop.wake();
    return app;
  }

  /** Identifier of this node in the Raft configuration. */
  get id(): bigint {
    return this.#context.id;
  }

  /** Address of this node in the Raft configuration. */
  get address(): string {
    return this.#context.address;
  }

  get status(): AppStatus {
    return this.#status;
  }

  /** The members as last heard from a leader, without asking anybody. */
  get knownMembers(): readonly NodeInfo[] {
    return this.#context.store.members;
  }

  /** Resolves after the first complete round: the node is a member, and has taken a role if one was free. */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.#readiness.wait(signal, `Waiting until the node at ${this.address} is ready`);
  }

  /** The leader, or `undefined` when none is found within 10 s. */
  async leader(signal?: AbortSignal): Promise<NodeInfo | undefined> {
    return (await this.view(signal))?.leader;
  }

  /** The leader with the members as it knows them now; `undefined` when there is no leader right now. */
  async view(signal?: AbortSignal): Promise<ClusterView | undefined> {
    try {
      return await this.#ask(signal, (session) => session.view());
    } catch (error) {
      if (isDqliteError(error, 'NO_LEADER', 'TIMEOUT')) return undefined;
      throw error;
    }
  }

  /** The members as the leader knows them now. */
  async members(signal?: AbortSignal): Promise<NodeInfo[]> {
    return this.#ask(signal, async (session) => [...((await session.view())?.members ?? [])]);
  }

  /** Whether this node leads in its own eyes: a leader that was cut off believes it for one election timeout more. */
  async isLeader(signal?: AbortSignal): Promise<boolean> {
    this.#checkOpen();
    return believesToLead(this.#dial, this.address, this.id, signal);
  }

  /** A client of `database` that follows the leader. Closed with the app, or before by its user. */
  client(
    database: string,
    options: Omit<DqliteClientOptions, 'dial' | 'servers' | 'database'> = {},
  ): DqliteClient {
    this.#checkOpen();
    const { store } = this.#context;
    const servers = () => store.members;
    const client = new DqliteClient({ ...options, dial: this.#dial, servers, database });
    this.#clients.add(client);
    return client;
  }

  /** Adds a node as a spare; it need not run yet. Success also when it is a member under this address already. */
  async add(node: Pick<NodeInfo, 'id' | 'address'>, signal?: AbortSignal): Promise<void> {
    await this.#change(signal, (limit) =>
      persist(limit, () => this.#ask(limit, (session) => session.add(node.id, node.address))),
    );
  }

  /**
   * Gives a role to a member; waits until a new voter has the whole log.
   *
   * @throws DqliteError `LAST_VOTER` when the cluster could not work without its vote, `MEMBERSHIP`
   */
  async assign(id: bigint, role: NodeRole, signal?: AbortSignal): Promise<void> {
    const change = (limit: AbortSignal): Promise<void> =>
      this.#ask(limit, async (session) => {
        const { members } = await session.states();
        const member = members.find((candidate) => candidate.id === id);
        if (member?.role === role) return;
        if (member !== undefined && role !== 'voter' && !mayStopVoting(members, member)) {
          throw new DqliteError('LAST_VOTER', { id });
        }
        await session.assign(id, role);
      });
    await this.#change(signal, (limit) => persist(limit, () => change(limit)));
  }

  /**
   * Removes a member: transfers leadership away from it, replaces its vote where needed, demotes it,
   * removes it. Nothing to do when it is none.
   *
   * @throws DqliteError `REMOVAL_REFUSED` when the others could not go on without it
   */
  async remove(id: bigint, signal?: AbortSignal): Promise<void> {
    await this.#change(signal, (limit) => removeMember(this.#context, id, limit));
    this.refresh();
  }

  /** Transfers leadership to voter `id`, or to any other voter. */
  async transfer(id?: bigint, signal?: AbortSignal): Promise<void> {
    await this.#change(signal, (limit) =>
      this.#ask(limit, (session) => session.transfer(id ?? 0n)),
    );
  }

  /**
   * Gives this node's role and leadership to others, as far as there are any, before it stops. The main
   * loop rests from then on.
   *
   * @param timeoutMs - default 60,000. Whatever was done until then is a working state.
   */
  async handover({
    signal,
    timeoutMs = CHANGE_TIMEOUT_MS,
  }: AppWaitOptions & { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#checkOpen();
    const limit = AbortSignal.any([timeLimit(timeoutMs), ...(signal ? [signal] : [])]);
    const resume = await this.#loop.pause();
    try {
      await handOver(this.#context, () => this.#drain(limit), limit);
    } catch (error) {
      resume();
      throw error;
    }
  }

  /** Runs the next round now instead of at its time. */
  refresh(): void {
    this.#loop.wake();
  }

  /** Calls `listener` when the cluster removed this node, after it was stopped; returns an unsubscribe function. */
  onRemoved(listener: () => void): () => void {
    this.#removalListeners.add(listener);
    return () => this.#removalListeners.delete(listener);
  }

  /** Stops the loop, drains and closes clients, stops the node. Idempotent. */
  async close(): Promise<void> {
    if (this.#status === 'open') this.#readiness.reject(this.#closedError());
    this.#status = 'closed';
    await this.#stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    this.#stopWatchingHost();
    await this.#loop.stop();
    const closed = await Promise.allSettled([...this.#clients].map((client) => client.close()));
    await this.#context.options.host.stop();
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }

  /** The cluster removed this node: it stops for good. Called from within a round, which must end first. */
  #leave(): void {
    if (this.#status !== 'open') return;
    this.#status = 'removed';
    const context = this.#context;
    this.#readiness.reject(this.#removedError());
    const attempt = async (step: () => unknown): Promise<void> => {
      try {
        await step();
      } catch (error) {
        context.emit({ type: 'round-failed', error });
      }
    };
    const leaving = async (): Promise<void> => {
      await attempt(() => context.directory.markRemoved());
      // Also when the directory cannot remember it, a node that is no member must not go on.
      await attempt(() => this.#stop());
      context.emit({ type: 'removed' });
      for (const listener of this.#removalListeners) await attempt(listener);
    };
    void leaving();
  }

  /**
   * Waits until local clients are idle, at most {@link DRAIN_TIMEOUT_MS}: a transfer with rows on their
   * way to one kills old nodes (`spec/dqlite.md` D.1).
   */
  async #drain(signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, timeLimit(DRAIN_TIMEOUT_MS)]);
    const isBusy = (): boolean => [...this.#clients].some(({ stats }) => stats.usedConnections > 0);
    while (isBusy() && !limit.aborted) await pause(DRAIN_POLL_MS);
  }

  #ask<T>(signal: AbortSignal | undefined, work: Parameters<typeof askLeader<T>>[2]): Promise<T> {
    this.#checkOpen();
    // Twice the search, so that 'no leader' is told apart from a leader that does not answer.
    const limit = signal ?? timeLimit(2 * DEFAULT_DEADLINE_MS);
    return askLeader(this.#context, limit, work, DEFAULT_DEADLINE_MS);
  }

  /** Runs a change of the membership while the main loop rests, so that there is one change at a time. */
  async #change(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    this.#checkOpen();
    const resume = await this.#loop.pause();
    try {
      await work(signal ?? timeLimit(CHANGE_TIMEOUT_MS));
    } finally {
      resume();
    }
  }

  #checkOpen(): void {
    if (this.#status === 'closed') throw this.#closedError();
    if (this.#status === 'removed') throw this.#removedError();
  }

  #closedError(): DqliteError {
    return new DqliteError('CLOSED', { what: `The dqlite node at ${this.address}` });
  }

  #removedError(): DqliteError {
    const { id, address, directory } = this.#context;
    return new DqliteError('NODE_REMOVED', { id, address, directory: directory.path });
  }
}

/** Starts the native node; a first start that fails leaves no file behind. */
async function startNode(
  options: ResolvedOptions,
  directory: NodeDirectory,
  plan: StartPlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { host, address, transport, failureDomain, networkLatencyMs, snapshot } = options;
  try {
    await host.start(
      {
        id: plan.id,
        address,
        directory: directory.path,
        transport,
        failureDomain,
        networkLatencyMs,
        ...(snapshot === undefined ? {} : { snapshot }),
      },
      signal,
    );
  } catch (error) {
    // Another node's files must not be touched, and a failed start must not hide behind a failed clean-up.
    if (plan.kind !== 'restart' && !isDqliteError(error, 'DIRECTORY_LOCKED')) {
      await directory.revokeStart().catch(() => undefined);
    }
    throw error;
  }
  try {
    await directory.confirmStart();
  } catch (error) {
    // The caller gets no app that it could close.
    await host.stop().catch(() => undefined);
    throw error;
  }
}
