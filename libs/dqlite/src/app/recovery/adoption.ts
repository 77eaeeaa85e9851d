/** Gives a survivor the data of the node whose membership was rewritten, in steps that a crash does not undo. */
import { cp, mkdir, open, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryLock } from '../../native/index.js';
import type { NodeInfo } from '../../values.js';
import { listRaftFiles } from '../../native/raft-files.js';
import {
  formatNodes,
  NodeDirectory,
  parseNodes,
  removeDurably,
  syncDirectory,
  writeDurably,
} from '../files/index.js';
import { readIfExists } from '../files/durable-file.js';
import { findSelf } from './membership-rewrite.js';

/** Where the new data waits inside the survivor's directory. */
const STAGING = 'recovered';
/** In the staging folder: everything is there. Holds the new members. */
const COMPLETE = 'complete.yaml';
/** In the staging folder: the old Raft files are gone. */
const CLEARED = 'cleared';

export interface Adoption {
  /** Directory of the node whose membership was rewritten, stopped. */
  readonly source: string;
  /** Directory of another survivor, stopped. It keeps its identity. */
  readonly directory: string;
  /** The members that the source was given. */
  readonly members: readonly NodeInfo[];
}

/**
 * Replaces the Raft data in `directory` by the source's. Either nothing has happened after a crash, or
 * the next start of the node goes on where it was.
 */
export async function adoptRecovered({ source, directory, members }: Adoption): Promise<void> {
  const sourceLock = DirectoryLock.acquire(source);
  try {
    const lock = DirectoryLock.acquire(directory);
    try {
      await findSelf(new NodeDirectory(directory), members);
      await stage(source, directory, members);
      await finishAdoption(directory);
    } finally {
      lock.release();
    }
  } finally {
    sourceLock.release();
  }
}

/**
 * Completes an adoption that was interrupted after its data was staged, or drops what is left of one
 * that was interrupted before. Nothing to do in most directories.
 *
 * @throws DqliteError `DIRECTORY_LOCKED` while the adoption is going on
 */
export async function resumeAdoption(directory: string): Promise<void> {
  if (!existsSync(join(directory, STAGING))) return;
  const lock = DirectoryLock.acquire(directory);
  try {
    await finishAdoption(directory);
  } finally {
    lock.release();
  }
}

async function finishAdoption(directory: string): Promise<void> {
  const staging = join(directory, STAGING);
  const plan = join(staging, COMPLETE);
  const text = await readIfExists(plan);
  if (text !== undefined) {
    const members = parseNodes(text, plan);
    if (!existsSync(join(staging, CLEARED))) {
      for (const name of await listRaftFiles(directory)) await rm(join(directory, name));
      await writeDurably(join(staging, CLEARED), '');
    }
    for (const name of await listRaftFiles(staging)) {
      await rename(join(staging, name), join(directory, name));
    }
    await syncDirectory(directory);
    const files = new NodeDirectory(directory);
    await files.writeServers(members);
    await files.writeInfo(await findSelf(files, members));
    await removeDurably(plan);
  }
  await rm(staging, { recursive: true, force: true });
}

async function stage(
  source: string,
  directory: string,
  members: readonly NodeInfo[],
): Promise<void> {
  const staging = join(directory, STAGING);
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  for (const name of await listRaftFiles(source)) {
    if (name.startsWith('tmp-')) continue;
    await cp(join(source, name), join(staging, name));
    await syncFile(join(staging, name));
  }
  await writeDurably(join(staging, COMPLETE), formatNodes(members));
  await syncDirectory(directory);
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
