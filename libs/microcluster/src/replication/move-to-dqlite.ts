/** Moves a member from the embedded engine to dqlite with all its data, in steps that a crash leaves to be repeated. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SqliteEngine, type SqlConnection, type SqlEngine } from '@microcluster/dqlite';
import { readContents, writeContents } from '../database/index.js';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { isPresent, readIfPresent } from '../state/file-presence.js';
import { syncDirectory, writeFileAtomic } from '../state/write-file-atomic.js';
import { recordEngine } from './recorded-engine.js';
import { openSolitaryNode } from './solitary-node.js';
import { EMBEDDED_FILE } from './sqlite-runtime.js';

/** Where the new node is made, beside the data that it is made from. */
const STAGING = 'moving-to-dqlite';
/** In the staging folder: the copy is complete and was checked. Holds the address of the node. */
const COMPLETE = 'complete';
/** What the original is called afterwards. */
export const ORIGINAL_FILE = 'embedded.db.before-dqlite';

/** Copying a large table may take this long, milliseconds. */
const STATEMENT_LIMIT = 60 * 60_000;

/** What has to be known of the member. */
export interface MoveOptions {
  /** The database directory, which holds the embedded database. */
  readonly directory: string;
  /** This member's `ip:port`, by which its node will be known. */
  readonly address: string;
  readonly signal: AbortSignal;
}

/** Whether a move was interrupted when it could not be taken back any more: it has to be completed. */
export function isMoveDecided(directory: string): Promise<boolean> {
  return isPresent(path.join(directory, STAGING, COMPLETE));
}

/**
 * Makes the member a cluster of one on dqlite. The embedded database is only read, and kept as
 * {@link ORIGINAL_FILE}. Until the copy is complete a crash leaves the member on the embedded engine;
 * afterwards the next call completes the move.
 *
 * @throws MicroclusterError `FAILED` when the copy is not what the original is; nothing has changed then
 */
export async function moveToDqlite(options: MoveOptions): Promise<void> {
  const { directory, address } = options;
  const staging = path.join(directory, STAGING);
  if ((await readIfPresent(path.join(staging, COMPLETE))) !== address) {
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { mode: 0o700 });
    await copyInto(staging, options);
    await writeFileAtomic(path.join(staging, COMPLETE), address, 0o600);
  }
  await finishMove(directory, staging);
}

/** Every step can be repeated; the note on the engine comes last, and with it the move is done. */
async function finishMove(directory: string, staging: string): Promise<void> {
  for (const name of await readdir(staging)) {
    if (name === COMPLETE || name === 'node.lock') continue;
    await rename(path.join(staging, name), path.join(directory, name));
  }
  await syncDirectory(directory);
  for (const suffix of ['-wal', '-shm', '']) {
    const file = path.join(directory, `${EMBEDDED_FILE}${suffix}`);
    if (await isPresent(file)) {
      await rename(file, path.join(directory, `${ORIGINAL_FILE}${suffix}`));
    }
  }
  await syncDirectory(directory);
  await recordEngine(directory, 'dqlite');
  await rm(staging, { recursive: true, force: true });
}

async function copyInto(staging: string, options: MoveOptions): Promise<void> {
  const { directory, address, signal } = options;
  const original = new SqliteEngine({ file: path.join(directory, EMBEDDED_FILE) });
  try {
    await original.open();
    const node = await openSolitaryNode(staging, address, signal);
    try {
      await copy(original, node.sql, signal);
    } finally {
      await node.close();
    }
  } finally {
    await original.close();
  }
}

/** Copies everything in one transaction on each side, and compares the two before it commits. */
async function copy(original: SqlEngine, target: SqlEngine, signal: AbortSignal): Promise<void> {
  const options = { signal, deadlineMs: STATEMENT_LIMIT };
  const from = await original.acquire({ signal });
  try {
    await from.begin('deferred', options);
    const to = await target.acquire({ signal });
    try {
      await to.run('PRAGMA foreign_keys = OFF', [], options);
      await to.begin('immediate', options);
      await writeContents(to, readContents(from, options), () => true, options);
      await requireEqual(from, to, signal);
      await to.commit(options);
    } finally {
      await to.release();
    }
  } finally {
    await from.release();
  }
}

/** Both sides, record by record. */
async function requireEqual(
  from: SqlConnection,
  to: SqlConnection,
  signal: AbortSignal,
): Promise<void> {
  const options = { signal, deadlineMs: STATEMENT_LIMIT };
  const { rows } = await to.run('PRAGMA integrity_check', [], options);
  if (String(rows[0]?.[0]) !== 'ok') throw differs(`it is not intact: ${String(rows[0]?.[0])}`);
  const [expected, found] = [await countsOf(from, signal), await countsOf(to, signal)];
  for (const [table, count] of expected) {
    if (found.get(table) !== count) throw differs(`the table "${table}" has other rows`);
  }
}

async function countsOf(
  connection: SqlConnection,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const options = { signal, deadlineMs: STATEMENT_LIMIT };
  const counts = new Map<string, number>();
  for await (const record of readContents(connection, options)) {
    const rows = record.kind === 'rows' ? record.rows.length : 0;
    const name = record.kind === 'rows' ? record.table : record.name;
    counts.set(name, (counts.get(name) ?? 0) + rows);
  }
  return counts;
}

function differs(detail: string): MicroclusterError {
  const reason = `The copy of the embedded database on dqlite cannot be used, since ${detail}; the member was left as it was`;
  return new MicroclusterError('FAILED', { reason });
}
