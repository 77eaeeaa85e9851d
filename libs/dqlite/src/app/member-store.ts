/** The members as last heard from a leader, in memory and in `cluster.yaml`. */
import type { NodeInfo } from '../values.js';
import type { NodeDirectory } from './files/index.js';

export class MemberStore {
  readonly #directory: NodeDirectory;
  #members: readonly NodeInfo[];

  /** @param members - what `cluster.yaml` holds now */
  constructor(directory: NodeDirectory, members: readonly NodeInfo[]) {
    this.#directory = directory;
    this.#members = members;
  }

  get members(): readonly NodeInfo[] {
    return this.#members;
  }

  /** Takes a newer list; the file is written only when something changed. */
  async update(members: readonly NodeInfo[]): Promise<void> {
    if (isSame(members, this.#members)) return;
    await this.#directory.writeServers(members);
    this.#members = members;
  }
}

function isSame(a: readonly NodeInfo[], b: readonly NodeInfo[]): boolean {
  return (
    a.length === b.length &&
    a.every((node, at) => {
      const other = b[at];
      return node.id === other?.id && node.address === other.address && node.role === other.role;
    })
  );
}
