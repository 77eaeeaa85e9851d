/** Decides from the files of a directory how a node starts: a new cluster, joining one, or again (`spec/dqlite.md` C.1, C.2). */
import { DqliteError } from '../../errors/index.js';
import { BOOTSTRAP_ID } from '../../native/index.js';
import type { NodeInfo } from '../../values.js';

/** What was found in a directory. */
export interface DirectoryContent {
  /** `info.yaml`: who this node is. */
  readonly info: NodeInfo | undefined;
  /** `cluster.yaml`: the members when last seen. */
  readonly servers: readonly NodeInfo[] | undefined;
  /** `join`: the node still has to be added to the cluster. */
  readonly joining: boolean;
  /** `removed`: the cluster removed this node. */
  readonly removed: boolean;
  /** `recovering`: a rewrite of the membership was begun and not completed. */
  readonly recovering: boolean;
  /** Files of Raft itself. */
  readonly hasRaftFiles: boolean;
}

/** What the caller wants. */
export interface StartWish {
  readonly directory: string;
  readonly address: string;
  /** Addresses of members to join; none for a new cluster. Ignored once the node exists. */
  readonly join: readonly string[];
}

/** How the node starts. */
export interface StartPlan {
  readonly kind: 'bootstrap' | 'join' | 'restart';
  readonly id: bigint;
  readonly address: string;
  readonly servers: readonly NodeInfo[];
  /** The node asks to be added before anything else. */
  readonly joining: boolean;
}

/**
 * The plan for `content`.
 *
 * @param newId - makes the identifier of a joining node
 * @throws DqliteError `STATE_FILES` when the files contradict each other or the wish, `NODE_REMOVED`
 */
export function decideStart(
  content: DirectoryContent,
  wish: StartWish,
  newId: (address: string) => bigint,
): StartPlan {
  const { directory, address } = wish;
  const { info, servers, joining } = content;
  const refuse = (reason: string): DqliteError =>
    new DqliteError('STATE_FILES', { file: directory, reason });
  if (info === undefined && servers === undefined) {
    if (content.hasRaftFiles) {
      throw refuse('it holds Raft files but no info.yaml; restore info.yaml and cluster.yaml');
    }
    return firstStart(wish, newId);
  }
  if (info === undefined || servers === undefined) {
    const missing = info === undefined ? 'info.yaml' : 'cluster.yaml';
    throw refuse(`inconsistent info.yaml and cluster.yaml; restore ${missing}, which is missing`);
  }
  if (content.removed) {
    throw new DqliteError('NODE_REMOVED', { id: info.id, address: info.address, directory });
  }
  if (content.recovering) {
    throw refuse('a recovery of it was interrupted; repeat the recovery before starting the node');
  }
  if (info.address !== address) {
    throw refuse(
      `address "${address}" does not match "${info.address}" in info.yaml; a node keeps its address`,
    );
  }
  if (joining && info.id === BOOTSTRAP_ID) {
    throw refuse("bootstrap node can't join a cluster; empty the directory to join");
  }
  return { kind: 'restart', id: info.id, address, servers, joining };
}

function firstStart({ address, join }: StartWish, newId: (address: string) => bigint): StartPlan {
  if (join.length === 0) {
    const self: NodeInfo = { id: BOOTSTRAP_ID, address, role: 'voter' };
    return { kind: 'bootstrap', id: BOOTSTRAP_ID, address, servers: [self], joining: false };
  }
  // Members are known by address only until the leader tells their identifiers.
  const servers = join.map((server): NodeInfo => ({ id: 0n, address: server, role: 'voter' }));
  return { kind: 'join', id: newId(address), address, servers, joining: true };
}
