/** A database node without a network: the one member of its cluster, for work on a directory that no daemon uses. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import {
  DqliteApp,
  DqliteEngine,
  DqliteProcess,
  type Dial,
  type SqlEngine,
} from '@microcluster/dqlite';
import { generateKeyPair } from '../certificates/generate.js';
import { DATABASE_NAME } from './dqlite-runtime.js';

/** How long the node may take until it leads, milliseconds. */
const READY_LIMIT = 60_000;
/** It has nobody whose delay an election would have to wait for, milliseconds. */
const LATENCY = 10;

/** An open node and its database. */
export interface SolitaryNode {
  readonly sql: SqlEngine;
  close(): Promise<void>;
}

/**
 * Opens the node of `directory`, or a new one that founds a cluster. Its Raft configuration must have no
 * other voter.
 *
 * @param address what the node is known by; nothing is opened there
 * @throws DqliteError when the node does not come up
 */
export async function openSolitaryNode(
  directory: string,
  address: string,
  signal?: AbortSignal,
): Promise<SolitaryNode> {
  // Nobody will ever see it, but a node has one.
  const keyPair = await generateKeyPair({ commonName: 'nobody' });
  const host = new DqliteProcess();
  const dial: Dial = (_address, limit) => host.dialLocal(limit);
  const app = await DqliteApp.open({
    directory,
    address,
    host,
    dial,
    networkLatencyMs: LATENCY,
    transport: {
      kind: 'tunnel',
      identity: keyPair,
      serving: keyPair,
      trustedServers: [keyPair.certificate],
      trustedPeers: [],
    },
  });
  const sql = new DqliteEngine({ client: app.client(DATABASE_NAME) });
  const close = async () => {
    await sql.close();
    await app.close();
  };
  try {
    await app.ready(AbortSignal.any([timeLimit(READY_LIMIT), ...(signal ? [signal] : [])]));
    await sql.open(signal && { signal });
    return { sql, close };
  } catch (error) {
    await close();
    throw error;
  }
}
