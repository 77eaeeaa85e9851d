/** Finds out which members are online and what they say of themselves. */
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { DqliteConnection, type NodeMetadata } from '../client/index.js';
import type { Dial, NodeInfo } from '../values.js';
import type { MemberState } from './roles/index.js';

/** A node that does not answer within this time has missed a question (`spec/dqlite.md` C.5, where one is enough). */
const PROBE_TIMEOUT_MS = 2000;
/** Pause before a second question, milliseconds. */
const SECOND_LOOK_MS = 500;

/**
 * Asks members for their metadata, and remembers it for when they are offline.
 *
 * A member counts as offline only when it misses two questions in a row: roles follow, and a vote is moved (with the
 * whole database, to a spare) for more than one pause of a busy machine or one lost packet.
 */
export class Prober {
  readonly #known = new Map<bigint, NodeMetadata>();
  /** Who was offline the last time is asked once. */
  readonly #offline = new Set<bigint>();
  readonly #dial: Dial;

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  /** The state of all `members`, in their order. Rejects only when `signal` aborts. */
  async probe(members: readonly NodeInfo[], signal: AbortSignal): Promise<MemberState[]> {
    const answers = new Map<bigint, NodeMetadata>();
    const waiting = [...members];
    const work = async (): Promise<void> => {
      for (let member = waiting.shift(); member !== undefined; member = waiting.shift()) {
        const metadata = await this.#look(member, signal);
        if (metadata !== undefined) answers.set(member.id, metadata);
      }
    };
    // At least four: one dead node must not delay the others on a small machine.
    const workers = Math.max(4, availableParallelism());
    await Promise.all(Array.from({ length: workers }, work));
    signal.throwIfAborted();
    for (const [id, metadata] of answers) this.#known.set(id, metadata);
    return members.map((member) => {
      const metadata = this.#known.get(member.id) ?? { failureDomain: 0n, weight: 0n };
      return { ...member, ...metadata, online: answers.has(member.id) };
    });
  }

  async #look({ id, address }: NodeInfo, signal: AbortSignal): Promise<NodeMetadata | undefined> {
    let metadata = await this.#ask(address, signal);
    if (metadata === undefined && !this.#offline.has(id)) {
      await pause(SECOND_LOOK_MS, undefined, { signal }).catch(() => undefined);
      metadata = await this.#ask(address, signal);
    }
    signal.throwIfAborted();
    if (metadata === undefined) this.#offline.add(id);
    else this.#offline.delete(id);
    return metadata;
  }

  async #ask(address: string, signal: AbortSignal): Promise<NodeMetadata | undefined> {
    const wait = { signal, deadlineMs: PROBE_TIMEOUT_MS };
    let connection: DqliteConnection | undefined;
    try {
      connection = await DqliteConnection.connect({ dial: this.#dial, address, ...wait });
      return await connection.describe(wait);
    } catch {
      return undefined;
    } finally {
      connection?.close();
    }
  }
}
