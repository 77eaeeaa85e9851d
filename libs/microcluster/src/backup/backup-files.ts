/** Writing a backup to a file: private, as a whole or not at all, and only when it reads back intact. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { moveFile, writeStreamAside } from '../state/write-file-atomic.js';
import { verifyBackup, type BackupHeader } from './backup-format.js';

/**
 * Writes `bytes` beside `file`, reads them back, and puts them in its place.
 *
 * @param signal ends it while `file` is still as it was; whoever makes `bytes` ends those
 * @returns what the backup says of itself
 * @throws MicroclusterError when the bytes are no intact backup, `FAILED` naming the file when it cannot be written
 */
export async function writeBackupFile(
  file: string,
  bytes: Readable,
  signal?: AbortSignal,
): Promise<BackupHeader> {
  let aside: string;
  try {
    aside = await writeStreamAside(file, bytes, 0o600);
  } catch (cause) {
    bytes.destroy();
    const detail = cause instanceof Error ? cause.message : String(cause);
    const reason = `The backup ${file} cannot be written: ${detail}`;
    throw new MicroclusterError('FAILED', { reason }, { cause });
  }
  try {
    const header = await verifyBackup(
      createReadStream(aside, signal && { signal }),
      'What was written',
    );
    signal?.throwIfAborted();
    await moveFile(aside, file);
    return header;
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
