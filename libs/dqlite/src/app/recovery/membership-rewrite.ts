/** Gives a stopped node a new Raft configuration, after a majority of the voters was lost (`spec/dqlite.md` C.7). */
import { DqliteError } from '../../errors/index.js';
import type { NodeHost } from '../../node-host.js';
import type { NodeInfo } from '../../values.js';
import { NodeDirectory } from '../files/index.js';

export interface MembershipRewrite {
  /** Directory of a stopped node: of the survivor whose log is newest. */
  readonly directory: string;
  /** A host that runs no node. */
  readonly host: NodeHost;
  /** All members of the cluster from now on, this one included; at least one voter. Addresses may be new. */
  readonly members: readonly NodeInfo[];
}

/**
 * Rewrites the membership. All nodes must be stopped, on one directory only, and the other survivors
 * then adopt this node's data ({@link adoptRecovered}). After a crash it has to be repeated: until it is
 * complete the node refuses to start.
 *
 * @throws DqliteError `MISUSE` for an impossible list, `STATE_FILES`, `DIRECTORY_LOCKED`
 */
export async function rewriteMembership(rewrite: MembershipRewrite): Promise<void> {
  const { members, host } = rewrite;
  checkMembers(members);
  const directory = new NodeDirectory(rewrite.directory);
  const self = await findSelf(directory, members);
  await directory.markRecovering();
  await host.recover(rewrite.directory, members);
  await directory.writeServers(members);
  await directory.writeInfo(self);
  await directory.confirmRecovery();
}

/** The record of the node that owns `directory` among `members`. */
export async function findSelf(
  directory: NodeDirectory,
  members: readonly NodeInfo[],
): Promise<NodeInfo> {
  const info = await directory.readInfo();
  if (info === undefined) {
    const reason = 'it holds no info.yaml; name the directory of a node';
    throw new DqliteError('STATE_FILES', { file: directory.path, reason });
  }
  const self = members.find(({ id }) => id === info.id);
  if (self === undefined) throw misuse(`node ${info.id}, whose directory it is, is missing`);
  return self;
}

function checkMembers(members: readonly NodeInfo[]): void {
  if (!members.some(({ role }) => role === 'voter')) throw misuse('at least one must be a voter');
  if (members.some(({ id }) => id <= 0n)) throw misuse('each needs its identifier');
  if (new Set(members.map(({ id }) => id)).size < members.length) {
    throw misuse('an identifier is there twice');
  }
  if (new Set(members.map(({ address }) => address)).size < members.length) {
    throw misuse('an address is there twice');
  }
}

function misuse(reason: string): DqliteError {
  return new DqliteError('MISUSE', { what: 'The list of members', reason });
}
