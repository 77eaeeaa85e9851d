/** The note in a database directory that says which engine's data is there. */
import path from 'node:path';
import { MicroclusterError } from '../errors/microcluster-error.js';
import type { EngineName } from '../options/daemon-args.js';
import { readIfPresent } from '../state/file-presence.js';
import { writeFileAtomic } from '../state/write-file-atomic.js';

const ENGINE_FILE = 'engine';
/** How much of a note that makes no sense is shown, characters. */
const SHOWN = 40;

/** Writes the note. */
export async function recordEngine(directory: string, name: EngineName): Promise<void> {
  await writeFileAtomic(path.join(directory, ENGINE_FILE), `${name}\n`, 0o600);
}

/** What the directory was made with; a directory of the original has no such file and is dqlite's. */
export async function recordedEngine(directory: string): Promise<EngineName | undefined> {
  const file = path.join(directory, ENGINE_FILE);
  const text = (await readIfPresent(file))?.trim();
  if (text === undefined || text === 'dqlite' || text === 'sqlite') return text;
  throw new MicroclusterError('STATE_FILE_UNREADABLE', {
    file,
    reason: `it holds ${JSON.stringify(text.slice(0, SHOWN))} instead of dqlite or sqlite`,
  });
}
