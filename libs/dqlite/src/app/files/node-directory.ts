/** The files by which a node remembers who it is and whom it knows, in the directory that it shares with Raft. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DqliteError } from '../../errors/index.js';
import { generateNodeId } from '../../native/index.js';
import { listRaftFiles } from '../../native/raft-files.js';
import type { NodeInfo } from '../../values.js';
import { readIfExists, removeDurably, syncDirectory, writeDurably } from './durable-file.js';
import { formatNode, formatNodes, parseNode, parseNodes } from './node-records.js';
import { refuseDamage } from './raft-damage.js';
import { decideStart, type StartPlan } from './start-plan.js';

/**
 * A node's directory: `info.yaml`, `cluster.yaml`, and the markers `join` and `removed`.
 *
 * A first start writes several files. What it is going to write is kept in `first-start` until the
 * node runs, so that a crash in between neither leaves half of them nor another identity.
 */
export class NodeDirectory {
  readonly #info: string;
  readonly #cluster: string;
  readonly #join: string;
  readonly #removed: string;
  readonly #firstStart: string;
  readonly #recovering: string;

  /** @param path - an existing directory */
  constructor(readonly path: string) {
    this.#info = join(path, 'info.yaml');
    this.#cluster = join(path, 'cluster.yaml');
    this.#join = join(path, 'join');
    this.#removed = join(path, 'removed');
    this.#firstStart = join(path, 'first-start');
    this.#recovering = join(path, 'recovering');
  }

  /**
   * Decides how the node starts and writes what a first start needs.
   *
   * @throws DqliteError `STATE_FILES` when the files contradict each other or the arguments, or are damaged,
   *   `NODE_REMOVED` when the cluster removed this node
   */
  async prepareStart(address: string, servers: readonly string[]): Promise<StartPlan> {
    return this.#guard(async () => {
      const interrupted = await readIfExists(this.#firstStart);
      if (interrupted !== undefined) {
        await this.#writeFirstFiles(parseNodes(interrupted, this.#firstStart));
      }
      const wish = { directory: this.path, address, join: servers };
      const plan = decideStart(await this.#read(), wish, generateNodeId);
      // One whose first start was interrupted has nothing to lose, and may have written half of its files.
      if (plan.kind === 'restart' && interrupted === undefined) await refuseDamage(this.path);
      if (plan.kind !== 'restart') {
        // The first record is this node, the others are the servers that it knows.
        const self: NodeInfo = { id: plan.id, address, role: 'voter' };
        const records = [self, ...(plan.joining ? plan.servers : [])];
        await writeDurably(this.#firstStart, formatNodes(records));
        await this.#writeFirstFiles(records);
      }
      return plan;
    });
  }

  /** The node runs: a first start is complete. */
  async confirmStart(): Promise<void> {
    await this.#guard(() => removeDurably(this.#firstStart));
  }

  /** Undoes {@link prepareStart} after a first start that failed, including what Raft wrote meanwhile. */
  async revokeStart(): Promise<void> {
    await this.#guard(async () => {
      for (const file of [this.#join, this.#cluster, this.#info]) await rm(file, { force: true });
      for (const name of await listRaftFiles(this.path)) await rm(join(this.path, name));
      await removeDurably(this.#firstStart);
    });
  }

  /** The node was added to the cluster. */
  async markJoined(): Promise<void> {
    await this.#guard(() => removeDurably(this.#join));
  }

  /** The cluster removed this node; {@link prepareStart} refuses from now on. */
  async markRemoved(): Promise<void> {
    await this.#guard(() => writeDurably(this.#removed, ''));
  }

  /** Remembers the members for the next search of the leader. */
  async writeServers(servers: readonly NodeInfo[]): Promise<void> {
    await this.#guard(() => writeDurably(this.#cluster, formatNodes(servers)));
  }

  /** The membership is being rewritten; {@link prepareStart} refuses until {@link confirmRecovery}. */
  async markRecovering(): Promise<void> {
    await this.#guard(() => writeDurably(this.#recovering, ''));
  }

  /** Whether a rewrite of the membership was begun and not completed. */
  async isRecovering(): Promise<boolean> {
    return this.#guard(async () => (await readIfExists(this.#recovering)) !== undefined);
  }

  /** The membership was rewritten, or has not been touched. */
  async confirmRecovery(): Promise<void> {
    await this.#guard(() => removeDurably(this.#recovering));
  }

  /** Replaces who this node is; only for recovery, while the node is stopped. */
  async writeInfo(node: Pick<NodeInfo, 'id' | 'address'>): Promise<void> {
    await this.#guard(() => writeDurably(this.#info, formatNode(node)));
  }

  /** Who this node is, or `undefined` before its first start. */
  async readInfo(): Promise<NodeInfo | undefined> {
    return this.#guard(async () => {
      const text = await readIfExists(this.#info);
      return text === undefined ? undefined : parseNode(text, this.#info);
    });
  }

  /** The members when last seen, or `undefined` before the first start. */
  async readServers(): Promise<readonly NodeInfo[] | undefined> {
    return this.#guard(async () => {
      const text = await readIfExists(this.#cluster);
      return text === undefined ? undefined : parseNodes(text, this.#cluster);
    });
  }

  async #read(): Promise<Parameters<typeof decideStart>[0]> {
    return {
      info: await this.readInfo(),
      servers: await this.readServers(),
      joining: (await readIfExists(this.#join)) !== undefined,
      recovering: await this.isRecovering(),
      removed: (await readIfExists(this.#removed)) !== undefined,
      hasRaftFiles: (await listRaftFiles(this.path)).length > 0,
    };
  }

  /** Idempotent: writes the files of a first start from its records, `join` first and `info.yaml` last. */
  async #writeFirstFiles(records: readonly NodeInfo[]): Promise<void> {
    const [self, ...servers] = records;
    if (self === undefined) {
      throw new DqliteError('STATE_FILES', {
        file: this.#firstStart,
        reason: 'it is empty; delete it',
      });
    }
    if (servers.length > 0) await writeDurably(this.#join, '');
    await writeDurably(this.#cluster, formatNodes(servers.length > 0 ? servers : [self]));
    await writeDurably(this.#info, formatNode(self));
    await syncDirectory(this.path);
  }

  /** Names the directory in errors of the file system. */
  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof DqliteError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DqliteError('STATE_FILES', { file: this.path, reason }, { cause });
    }
  }
}
