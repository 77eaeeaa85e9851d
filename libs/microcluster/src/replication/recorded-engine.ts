/** The note in a database directory that says which engine's data is there. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { isSystemError } from '../errors/system-error.js';
import type { EngineName } from '../options/daemon-args.js';
import { writeFileAtomic } from '../state/write-file-atomic.js';

const ENGINE_FILE = 'engine';

/** Writes the note. */
export async function recordEngine(directory: string, name: EngineName): Promise<void> {
  await writeFileAtomic(path.join(directory, ENGINE_FILE), `${name}\n`, 0o600);
}

/** What the directory was made with; a directory of the original has no such file and is dqlite's. */
export async function recordedEngine(directory: string): Promise<EngineName | undefined> {
  try {
    const text = (await readFile(path.join(directory, ENGINE_FILE), 'utf8')).trim();
    if (text === 'dqlite' || text === 'sqlite') {
      return text;
    }
    throw new MicroclusterError('STATE_FILE_UNREADABLE', {
      file: path.join(directory, ENGINE_FILE),
      reason: `it holds "${text}" instead of dqlite or sqlite`,
    });
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) {
      return undefined;
    }
    throw error;
  }
}
