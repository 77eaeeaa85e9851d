/** What is read of a member when somebody asks for its metrics. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { SqlEngineStats } from '@microcluster/dqlite';
import type { OpenEngine } from '../replication/index.js';
import type { ClusterWatch } from './cluster-watch.js';

/** The database gets this long for each question, milliseconds; what it does not answer is left out. */
const QUESTION_MS = 1_000;
/** SQLite's own count of its pages. */
const DATABASE_SIZE =
  'SELECT page_count * page_size AS size FROM pragma_page_count(), pragma_page_size()';

/** One moment of a member's life. `undefined`: not known now. */
export interface MemberSnapshot {
  readonly name: string;
  readonly version: string;
  readonly databaseOpen: boolean;
  readonly certificates: readonly { readonly name: string; readonly expires: Date }[];
  readonly heartbeatAgeSeconds: number | undefined;
  readonly leaderChanges: number;
  /** What there is only while this machine is a member. */
  readonly database:
    | {
        readonly engine: string;
        readonly hasLeader: boolean;
        readonly isLeader: boolean;
        /** Own role; `undefined` before the first round. */
        readonly role: string | undefined;
        readonly members: readonly string[];
        readonly stats: SqlEngineStats;
        readonly sizeBytes: number | undefined;
        readonly diskBytes: number | undefined;
      }
    | undefined;
}

/** Where it is read. */
export interface SnapshotSources {
  readonly identity: { readonly name: string; readonly address: string };
  readonly version: string;
  readonly daemon: { databaseStatus(): { readonly open: boolean } };
  readonly runtime: {
    readonly isOpen: boolean;
    readonly opened: Pick<OpenEngine, 'name' | 'leader' | 'sql'>;
  };
  readonly watch: ClusterWatch;
  readonly heartbeats: { readonly heartbeatAgeMs: number | undefined };
  readonly certificates: () => Promise<MemberSnapshot['certificates']>;
  /** Directory of the database's files. */
  readonly databasePath: string;
}

/** Reads everything; never rejects for what cannot be read, and takes little more than a second. */
export async function takeSnapshot(sources: SnapshotSources): Promise<MemberSnapshot> {
  const { identity, heartbeats, watch } = sources;
  const [database, certificates] = await Promise.all([
    readDatabase(sources),
    // Files that do not fit together are what `readyz` tells; the other metrics are still wanted.
    sources.certificates().catch(() => []),
  ]);
  const ageMs = heartbeats.heartbeatAgeMs;
  return {
    name: identity.name,
    version: sources.version,
    databaseOpen: sources.daemon.databaseStatus().open,
    certificates,
    heartbeatAgeSeconds: ageMs === undefined || database === undefined ? undefined : ageMs / 1000,
    leaderChanges: watch.leaderChanges,
    database,
  };
}

async function readDatabase(sources: SnapshotSources): Promise<MemberSnapshot['database']> {
  const { runtime, daemon, watch, identity } = sources;
  if (!runtime.isOpen) return undefined;
  const { opened } = runtime;
  const isOpen = daemon.databaseStatus().open;
  const [leader, sizeBytes, diskBytes] = await Promise.all([
    opened.leader(timeLimit(QUESTION_MS)).catch(() => undefined),
    isOpen ? readSize(opened).catch(() => undefined) : undefined,
    directorySize(sources.databasePath).catch(() => undefined),
  ]);
  watch.seeLeader(leader ?? '');
  return {
    engine: opened.name,
    hasLeader: leader !== undefined,
    isLeader: leader === identity.address,
    role: watch.members.get(identity.address),
    members: [...watch.members.values()],
    stats: opened.sql.stats,
    sizeBytes,
    diskBytes,
  };
}

async function readSize({ sql }: Pick<OpenEngine, 'sql'>): Promise<number | undefined> {
  const { rows } = await sql.run(DATABASE_SIZE, [], { signal: timeLimit(QUESTION_MS) });
  const size = rows[0]?.[0];
  return typeof size === 'number' || typeof size === 'bigint' ? Number(size) : undefined;
}

async function directorySize(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      // Snapshots and log segments come and go.
      .map((entry) => stat(path.join(entry.parentPath, entry.name)).catch(() => undefined)),
  );
  return sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0);
}
