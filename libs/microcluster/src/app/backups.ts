/** Backups from outside of the daemon: through it where it runs, else from the files. */
import { createReadStream } from 'node:fs';
import { isClientError, MicroclusterClientError } from '../client/client-error.js';
import type { MicroclusterClient } from '../client/microcluster-client.js';
import { startDeadline, type RawReply, type RequestOptions } from '../client/exchange.js';
import { readEnvelope } from '../client/read-envelope.js';
import type { BackupHeader } from '../backup/backup-format.js';

/** What a restore has done. */
export interface RestoredBackup {
  /** The backup's own header. */
  readonly header: BackupHeader;
  readonly tables: number;
  readonly rows: number;
}

/** How long a backup may take. */
export interface BackUpOptions {
  /** Of all of it, until the file is in its place, milliseconds; 0 for none. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

const PATH = '/core/control/backup';

/**
 * Writes a backup to `file`.
 *
 * @returns what it says of itself
 * @throws MicroclusterClientError as the daemon answers; MicroclusterError when the file cannot be written
 */
export async function backUpTo(
  stateDir: string,
  client: MicroclusterClient,
  file: string,
  options: BackUpOptions,
): Promise<BackupHeader> {
  const limit = startDeadline(options.timeoutMs);
  const signals = [limit.signal, ...(options.signal === undefined ? [] : [options.signal])];
  try {
    return await writeBackup(stateDir, client, file, AbortSignal.any(signals));
  } catch (error) {
    if (options.signal?.aborted === true || !limit.signal.aborted) throw error;
    const text = `The backup ${file} was not written within ${options.timeoutMs} ms; check that the daemon is alive, or allow it more time`;
    throw MicroclusterClientError.local('TIMEOUT', text, error);
  } finally {
    limit.clear();
  }
}

/**
 * Checks a backup file, without any daemon.
 *
 * @throws MicroclusterError `BAD_REQUEST` when it is none, or damaged; an error of the system when it cannot be read
 */
export async function checkBackup(file: string, signal?: AbortSignal): Promise<BackupHeader> {
  const { verifyBackup } = await import('../backup/backup-format.js');
  return verifyBackup(createReadStream(file, signal && { signal }), file);
}

/** Sends a backup file to the daemon, which restores it. */
export async function restoreFrom(
  client: MicroclusterClient,
  file: string,
  options: RequestOptions,
): Promise<RestoredBackup> {
  const { headerSchema } = await import('../backup/backup-format.js');
  const { z } = await import('zod');
  const outcome = z.object({ tables: z.number(), rows: z.number(), ...headerSchema.shape }).parse(
    await client.request('POST', '/core/control/restore', {
      timeoutMs: 0,
      ...options,
      body: createReadStream(file),
    }),
  );
  const { tables, rows, ...header } = outcome;
  return { header, tables, rows };
}

/** The deadline of a raw reply ends with its head; this signal ends its body, and the way without a daemon, as well. */
async function writeBackup(
  stateDir: string,
  client: MicroclusterClient,
  file: string,
  signal: AbortSignal,
): Promise<BackupHeader> {
  let reply: RawReply;
  try {
    reply = await client.raw('GET', PATH, { timeoutMs: 0, signal });
  } catch (error) {
    if (!isClientError(error, 'UNREACHABLE')) throw error;
    const { takeOfflineBackup } = await import('../backup/offline-backup.js');
    return takeOfflineBackup(stateDir, file, '', signal);
  }
  if (reply.status !== 200) throw await refusal(reply);
  const { writeBackupFile } = await import('../backup/backup-files.js');
  return writeBackupFile(file, reply.body, signal);
}

async function refusal({ status, statusText, body }: RawReply): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  try {
    const text = Buffer.concat(chunks).toString('utf8');
    await readEnvelope({ status, statusText, text, retryAfter: undefined }, PATH);
  } catch (error) {
    return error;
  }
  return MicroclusterClientError.local('BAD_REPLY', `${PATH} answered ${status} without an error`);
}
