/** Gives a stopped node a new Raft configuration, after a majority of the voters was lost (`spec/dqlite.md` C.7). */
import { DqliteError, isDqliteError } from '../../errors/index.js';
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
 * complete the node refuses to start. A rewrite that is refused before it changes anything leaves no trace.
 *
 * @throws DqliteError `MISUSE` for an impossible list, `STATE_FILES`, `DIRECTORY_LOCKED`
 */
export async function rewriteMembership(rewrite: MembershipRewrite): Promise<void> {
  const { members } = rewrite;
  checkMembers(members);
  const directory = new NodeDirectory(rewrite.directory);
  const self = await findSelf(directory, members);
  await rewriteLog(directory, rewrite);
  await directory.writeServers(members);
  await directory.writeInfo(self);
  await directory.confirmRecovery();
}

/**
 * Writes the new configuration into Raft's files, under the marker. Where the host refused to touch them, as while the
 * node still runs, the marker goes again: a healthy node would not start any more, and say that the recovery is to be
 * repeated, which beside the others that go on as before makes a second cluster of it.
 */
async function rewriteLog(
  directory: NodeDirectory,
  { host, members }: MembershipRewrite,
): Promise<void> {
  const wasInterrupted = await directory.isRecovering();
  await directory.markRecovering();
  try {
    await host.recover(directory.path, members);
  } catch (error) {
    if (!wasInterrupted && wasRefused(error)) await directory.confirmRecovery();
    throw error;
  }
}

/** Whether the host ended before it touched any file; after any other error, Raft's files may be half written. */
function wasRefused(error: unknown): boolean {
  return isDqliteError(
    error,
    'DIRECTORY_LOCKED',
    'LIBRARY_MISSING',
    'LIBRARY_SYMBOL_MISSING',
    'NODE_STATE',
  );
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
