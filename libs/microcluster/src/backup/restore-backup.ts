/** Puts the application's part of a backup in the place of the cluster's, in one transaction. */
import { createReadStream } from 'node:fs';
import type { SchemaVersions } from '../database/schema-versions.js';
import type { ConsoleCallOptions, ConsoleConnection, SqlConsole } from '../database/sql-console.js';
import { dropContents, writeContents, type WrittenContents } from '../database/write-contents.js';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { readBackup, verifyBackup, type BackupHeader } from './backup-format.js';

/** Rebuilding a large table may take this long, milliseconds. */
const STATEMENT_LIMIT = 60 * 60_000;

/** What is the cluster's own, and neither dropped nor restored: members, tokens, schema versions. */
const OWN_TABLE = /^(core_|internal_(cluster_members|token_records)|schemas$|sqlite_)/i;

/** What a restore has done. */
export interface RestoreOutcome extends WrittenContents {
  readonly header: BackupHeader;
}

/**
 * Restores the file. The cluster's own tables stay as they are; all others are dropped and made as they were,
 * at the backup's schema version. Either all of it happens or nothing.
 *
 * @param versions what this release knows
 * @throws MicroclusterError when the file is damaged (400), newer than this release (409), or leaves the
 *   database inconsistent; nothing has changed then
 */
export async function restoreBackup(
  sql: SqlConsole,
  file: string,
  source: string,
  versions: SchemaVersions,
  signal: AbortSignal,
): Promise<RestoreOutcome> {
  // All of it, before the first statement: a transaction must not wait for a file that turns out to be damaged.
  const header = await verifyBackup(createReadStream(file), source);
  refuseNewer(header, versions, source);
  const options = { signal, deadlineMs: STATEMENT_LIMIT };
  const connection = await sql.acquire({ signal });
  let failure: Error | undefined;
  try {
    // Has no effect within a transaction.
    await connection.run('PRAGMA foreign_keys = OFF', [], options);
    await connection.begin('immediate', options);
    const { records } = await readBackup(createReadStream(file), source);
    await dropContents(connection, isApplications, options);
    const written = await writeContents(connection, records, isApplications, options);
    await connection.run(
      `DELETE FROM schemas WHERE type = 1 AND version > ${header.schema.external}`,
      [],
      options,
    );
    await requireIntegrity(connection, options);
    await connection.commit(options);
    await connection.run('PRAGMA foreign_keys = ON', [], options);
    return { ...written, header };
  } catch (error) {
    // Not lent again: foreign keys are still off on it.
    failure = error instanceof Error ? error : new Error(String(error));
    await connection.rollback().catch(() => undefined);
    throw error;
  } finally {
    await connection.release(failure);
  }
}

function isApplications(table: string): boolean {
  return !OWN_TABLE.test(table);
}

function refuseNewer({ schema }: BackupHeader, versions: SchemaVersions, source: string): void {
  if (schema.external <= versions.external && schema.internal <= versions.internal) return;
  const describe = ({ internal, external }: SchemaVersions) => `${external} (internal ${internal})`;
  const reason = `${source} has schema version ${describe(schema)}, but this release knows only ${describe(versions)}; upgrade all members before restoring it`;
  throw new MicroclusterError('CONFLICT', { reason });
}

async function requireIntegrity(
  connection: ConsoleConnection,
  options: ConsoleCallOptions,
): Promise<void> {
  const { rows } = await connection.run('PRAGMA integrity_check', [], options);
  const complaints = rows.map((row) => String(row[0])).filter((text) => text !== 'ok');
  if (complaints.length > 0) {
    const reason = `The restored database would not be intact (${complaints.slice(0, 3).join('; ')}), so nothing was changed`;
    throw new MicroclusterError('FAILED', { reason });
  }
  // Rows that were orphans in the backup stay so; the cluster's own tables are other ones than then.
  const { rows: orphans } = await connection.run('PRAGMA foreign_key_check', [], options);
  const lost = orphans.filter((row) => OWN_TABLE.test(String(row[2])));
  if (lost.length > 0) {
    const tables = [...new Set(lost.map((row) => `${String(row[0])} -> ${String(row[2])}`))];
    const reason = `The backup has rows that belong to members which this cluster does not have (${tables.join(', ')}), so nothing was changed`;
    throw new MicroclusterError('CONFLICT', { reason });
  }
}
