/** Chooses the engine of a member: explicitly, recorded at bootstrap, and never changed silently. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MicroclusterError } from '../errors/index.js';
import type { EngineName, ParsedDaemonArgs } from '../options/index.js';
import { writeFileAtomic } from '../state/index.js';
import { openDqlite, type OnRound } from './dqlite-runtime.js';
import type { OpenEngine, OpenOptions } from './engine-runtime.js';
import { openSqlite } from './sqlite-runtime.js';

/** File in the database directory that names the engine whose data is there. */
const ENGINE_FILE = 'engine';

/**
 * Opens the engine that the settings name, or else the one that the directory was made with, or else dqlite.
 *
 * @throws MicroclusterError `ENGINE_MISMATCH` when the settings name another engine than the recorded one
 */
export async function openEngine(
  args: ParsedDaemonArgs,
  options: OpenOptions,
  onRound: OnRound,
): Promise<OpenEngine> {
  const recorded = await recordedEngine(options.directory);
  const name = args.engine ?? recorded ?? 'dqlite';
  if (recorded !== undefined && recorded !== name) {
    throw new MicroclusterError('ENGINE_MISMATCH', {
      directory: options.directory,
      recorded,
      wanted: name,
    });
  }
  if (recorded === undefined) {
    // Before the first data: a crash in between must not leave sqlite's data to be taken for dqlite's.
    await writeFileAtomic(path.join(options.directory, ENGINE_FILE), `${name}\n`, 0o600);
  }
  return name === 'dqlite'
    ? openDqlite(args, options, onRound)
    : openSqlite(args.heartbeatIntervalMs, options, onRound);
}

/**
 * Makes sure that this member may have peers, before any of them is asked for something.
 *
 * @throws MicroclusterError `ENGINE_CANNOT_JOIN` when its engine is the embedded one
 */
export async function requireReplication(
  args: Pick<ParsedDaemonArgs, 'engine'>,
  directory: string,
): Promise<void> {
  if ((args.engine ?? (await recordedEngine(directory))) === 'sqlite') {
    throw new MicroclusterError('ENGINE_CANNOT_JOIN', {});
  }
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
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
