/** Chooses the engine of a member: explicitly, recorded at bootstrap, and never changed silently. */
import { MicroclusterError } from '../errors/index.js';
import type { EngineName, ParsedDaemonArgs } from '../options/index.js';
import { SpaceGuard } from '../free-space/index.js';
import { openDqlite, type OnRound } from './dqlite-runtime.js';
import type { OpenEngine, OpenOptions } from './engine-runtime.js';
import { isMoveDecided, moveToDqlite, ORIGINAL_FILE } from './move-to-dqlite.js';
import { recordedEngine, recordEngine } from './recorded-engine.js';
import { openSqlite } from './sqlite-runtime.js';

/**
 * Opens the engine that the settings name, or else the one that the directory was made with, or else dqlite.
 * A member on the embedded engine whose settings name dqlite is moved there with its data.
 *
 * @throws MicroclusterError `ENGINE_MISMATCH` when the settings name another engine than the recorded one
 */
export async function openEngine(
  args: ParsedDaemonArgs,
  options: OpenOptions,
  onRound: OnRound,
): Promise<OpenEngine> {
  const recorded = await settledEngine(args, options);
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
    await recordEngine(options.directory, name);
  }
  const { minimumFreeBytes, logger } = args;
  const guard = new SpaceGuard({ directory: options.directory, minimumFreeBytes, logger });
  try {
    return name === 'dqlite'
      ? await openDqlite(args, options, onRound, guard)
      : openSqlite(args, options, onRound, guard);
  } catch (error) {
    await guard.close();
    // Of the causes that a node which does not start may have, this one can be told.
    guard.requireSpace(error);
    throw error;
  }
}

/** The recorded engine, after a move that is wished for, or that was interrupted when the copy was complete. */
async function settledEngine(
  { engine, logger }: ParsedDaemonArgs,
  options: OpenOptions,
): Promise<EngineName | undefined> {
  const { directory } = options;
  const recorded = await recordedEngine(directory);
  if (recorded !== 'sqlite' || options.plan.kind !== 'restart') return recorded;
  if (engine !== 'dqlite' && !(await isMoveDecided(directory))) return recorded;
  logger.log({ event: 'moving-to-dqlite', directory });
  await moveToDqlite(options);
  logger.log({ event: 'moved-to-dqlite', originalKeptAs: ORIGINAL_FILE });
  return 'dqlite';
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
