/** Requests to a node that need no database: who leads, who belongs to the cluster, and changes of the membership. */
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { NodeInfo, NodeRole } from '../values.js';
import { encodeRequest, type DumpedFile, type Request, type Response } from '../wire/index.js';
import type { Channel } from './channel.js';
import { Deadline, type WaitOptions } from './deadline.js';
import { requestOne } from './exchanges.js';

/** A promotion waits until the node has caught up. */
const MEMBERSHIP_DEADLINE_MS = 60_000;

/** A dump is one message, whatever the size of the database. */
const MAX_DUMP_BYTES = 2 ** 32;

/** The node that another one takes for the leader. */
export interface LeaderAnswer {
  readonly id: bigint;
  readonly address: string;
}

/** What a node says of itself. */
export interface NodeMetadata {
  readonly failureDomain: bigint;
  readonly weight: bigint;
}

export class NodeRequests {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  async leader(options?: WaitOptions): Promise<LeaderAnswer | undefined> {
    const { id, address } = await this.#ask('server', { type: 'leader' }, new Deadline(options));
    return address === '' ? undefined : { id, address };
  }

  async register(options?: WaitOptions): Promise<void> {
    await this.#ask('welcome', { type: 'client', id: 0n }, new Deadline(options));
  }

  async cluster(options?: WaitOptions): Promise<NodeInfo[]> {
    const answer = await this.#ask('servers', { type: 'cluster' }, new Deadline(options));
    // A role that is newer than we are neither votes nor follows as far as we know.
    return answer.servers.map(({ id, address, role }) => ({ id, address, role: role ?? 'spare' }));
  }

  async describe(options?: WaitOptions): Promise<NodeMetadata> {
    const answer = await this.#ask('metadata', { type: 'describe' }, new Deadline(options));
    return { failureDomain: answer.failureDomain, weight: answer.weight };
  }

  async weight(weight: bigint, options?: WaitOptions): Promise<void> {
    await this.#ask('empty', { type: 'weight', weight }, new Deadline(options));
  }

  add(id: bigint, address: string, options?: WaitOptions): Promise<void> {
    return this.#change({ type: 'add', id, address }, options);
  }

  async assign(id: bigint, role: NodeRole, options?: WaitOptions): Promise<void> {
    if (role !== 'voter') await this.#refuseLastVoter(id, options);
    return this.#change({ type: 'assign', id, role }, options);
  }

  async remove(id: bigint, options?: WaitOptions): Promise<void> {
    await this.#refuseLastVoter(id, options);
    return this.#change({ type: 'remove', id }, options);
  }

  transfer(id: bigint, options?: WaitOptions): Promise<void> {
    return this.#change({ type: 'transfer', id }, options);
  }

  async dump(name: string, options?: WaitOptions): Promise<readonly DumpedFile[]> {
    const { decoder } = this.#channel;
    const limit = decoder.maxBodyBytes;
    decoder.maxBodyBytes = MAX_DUMP_BYTES;
    try {
      const deadline = new Deadline(options, MEMBERSHIP_DEADLINE_MS);
      return (await this.#ask('files', { type: 'dump', name }, deadline)).files;
    } finally {
      decoder.maxBodyBytes = limit;
    }
  }

  #ask<T extends Response['type']>(
    expected: T,
    request: Request,
    deadline: Deadline,
  ): Promise<Extract<Response, { type: T }>> {
    return requestOne(this.#channel, expected, encodeRequest(request), 'none', deadline);
  }

  async #change(request: Request, options: WaitOptions | undefined): Promise<void> {
    const deadline = new Deadline(options, MEMBERSHIP_DEADLINE_MS);
    try {
      await requestOne(this.#channel, 'empty', encodeRequest(request), 'durable', deadline);
    } catch (error) {
      if (!isDqliteError(error, 'SQL') || error.serverMessage === undefined) throw error;
      const { address } = this.#channel;
      const details = { cause: error, serverMessage: error.serverMessage };
      throw new DqliteError('MEMBERSHIP', { address, reason: error.serverMessage }, details);
    }
  }

  /** Raft accepts this and the cluster never has a leader again (`spec/dqlite.md` A.9). */
  async #refuseLastVoter(id: bigint, options: WaitOptions | undefined): Promise<void> {
    const voters = (await this.cluster(options)).filter(({ role }) => role === 'voter');
    if (voters.length === 1 && voters[0]?.id === id) throw new DqliteError('LAST_VOTER', { id });
  }
}
