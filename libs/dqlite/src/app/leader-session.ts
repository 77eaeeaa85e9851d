/** One conversation with the leader about the membership: who belongs to the cluster, and changes of it. */
import { isDqliteError } from '../errors/index.js';
import type { DqliteConnection, LeaderConnector } from '../client/index.js';
import type { NodeInfo, NodeRole } from '../values.js';
import type { Prober } from './probe.js';
import type { MemberState, RoleStep } from './roles/index.js';

/** Bound of a question to the leader, milliseconds. */
const QUESTION_TIMEOUT_MS = 10_000;
/** A promotion waits until the node has the whole log (`spec/dqlite.md` A.9). */
const PROMOTION_TIMEOUT_MS = 60_000;

/** What the leader says about the cluster. */
export interface ClusterView {
  readonly leader: NodeInfo;
  readonly members: readonly NodeInfo[];
}

export interface LeaderSessionOptions {
  readonly connector: LeaderConnector;
  readonly prober: Prober;
  readonly signal: AbortSignal;
  /** Bound of the search for the leader, milliseconds. */
  readonly searchTimeoutMs: number;
}

/** Connects to the leader, lets `work` talk to it, and hangs up. Rejects with NO_LEADER when there is none. */
export async function withLeader<T>(
  options: LeaderSessionOptions,
  work: (session: LeaderSession) => Promise<T>,
): Promise<T> {
  const { connector, signal, prober, searchTimeoutMs } = options;
  const connection = await connector.connect({ signal, deadlineMs: searchTimeoutMs });
  try {
    return await work(new LeaderSession(connection, prober, signal));
  } finally {
    connection.close();
  }
}

export class LeaderSession {
  readonly #connection: DqliteConnection;
  readonly #prober: Prober;
  readonly #signal: AbortSignal;

  constructor(connection: DqliteConnection, prober: Prober, signal: AbortSignal) {
    this.#connection = connection;
    this.#prober = prober;
    this.#signal = signal;
  }

  /** Address of the leader. */
  get address(): string {
    return this.#connection.address;
  }

  /** The members as the leader knows them; `undefined` while it does not list itself yet. */
  async view(): Promise<ClusterView | undefined> {
    const members = await this.#connection.cluster(this.#wait(QUESTION_TIMEOUT_MS));
    const leader = members.find(({ address }) => address === this.address);
    return leader === undefined ? undefined : { leader, members };
  }

  /** The members with what a probe of each finds out. */
  async states(): Promise<{ leader: NodeInfo; members: MemberState[] }> {
    const members = await this.#connection.cluster(this.#wait(QUESTION_TIMEOUT_MS));
    const states = await this.#prober.probe(members, this.#signal);
    const leader = members.find(({ address }) => address === this.address);
    return { leader: leader ?? { id: 0n, address: this.address, role: 'voter' }, members: states };
  }

  /**
   * Adds a spare. An earlier attempt whose answer was lost counts: a member with this identifier and
   * address is success.
   */
  async add(id: bigint, address: string): Promise<void> {
    try {
      await this.#connection.add(id, address, this.#wait(QUESTION_TIMEOUT_MS));
    } catch (error) {
      if (!isDqliteError(error, 'MEMBERSHIP')) throw error;
      const members = await this.#connection.cluster(this.#wait(QUESTION_TIMEOUT_MS));
      if (!members.some((member) => member.id === id && member.address === address)) throw error;
    }
  }

  async assign(id: bigint, role: NodeRole): Promise<void> {
    const timeout = role === 'spare' ? QUESTION_TIMEOUT_MS : PROMOTION_TIMEOUT_MS;
    await this.#connection.assign(id, role, this.#wait(timeout));
  }

  async remove(id: bigint): Promise<void> {
    await this.#connection.remove(id, this.#wait(QUESTION_TIMEOUT_MS));
  }

  async transfer(id: bigint): Promise<void> {
    await this.#connection.transfer(id, this.#wait(QUESTION_TIMEOUT_MS));
  }

  /**
   * Gives the step's role to the first candidate for which the leader accepts it, and returns that one.
   * Another error than a refusal (leadership lost, a change in progress) ends it at once.
   *
   * @throws DqliteError `MEMBERSHIP` when the leader refused all candidates
   */
  async take(step: RoleStep): Promise<MemberState> {
    let refusal: unknown;
    for (const candidate of step.candidates) {
      try {
        await this.assign(candidate.id, step.role);
        return candidate;
      } catch (error) {
        if (!isDqliteError(error, 'MEMBERSHIP')) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  #wait(deadlineMs: number): { signal: AbortSignal; deadlineMs: number } {
    return { signal: this.#signal, deadlineMs };
  }
}
