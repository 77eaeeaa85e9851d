/** The trust store's directory: reading it tolerantly, replacing it as a whole (`spec/core-api.md` 1.4). */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../errors/system-error.js';
import { readIfPresent } from '../state/file-presence.js';
import { removeFileDurably, syncDirectory, writeFileAtomic } from '../state/write-file-atomic.js';
import { z } from 'zod';
import { formatTrustFile, parseTrustFile, trustEntry, type TrustEntry } from './trusted-member.js';

const SUFFIX = '.yaml';
const FILE_MODE = 0o644;
/** Holds the list of a replacement that has been decided on but perhaps not finished. */
const PLAN_FILE = '.replace.json';

const planSchema = z.array(
  z.object({ name: z.string(), address: z.string(), certificate: z.string() }),
);

/** What the directory holds. */
export interface TrustFiles {
  /** Valid entries by file name. */
  readonly entries: ReadonlyMap<string, TrustEntry>;
  /** Why a file is not valid, by file name. */
  readonly faults: ReadonlyMap<string, Error>;
}

/** The file of a member. */
export function trustFileName(name: string): string {
  return `${name}${SUFFIX}`;
}

/** Reads every regular file that ends in `.yaml`; other files are somebody else's. */
export async function readTrustFiles(directory: string): Promise<TrustFiles> {
  const entries = new Map<string, TrustEntry>();
  const faults = new Map<string, Error>();
  for (const file of (await readdir(directory)).toSorted()) {
    if (!file.endsWith(SUFFIX)) continue;
    try {
      const location = path.join(directory, file);
      if (!(await stat(location)).isFile()) continue;
      entries.set(file, parseTrustFile(await readFile(location, 'utf8')));
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) continue;
      faults.set(file, error instanceof Error ? error : new Error(String(error)));
    }
  }
  return { entries, faults };
}

/** Writes the file of one member. */
export async function writeTrustFile(directory: string, entry: TrustEntry): Promise<void> {
  const file = path.join(directory, trustFileName(entry.name));
  await writeFileAtomic(file, formatTrustFile(entry), FILE_MODE);
}

/** Deletes files durably. */
export async function deleteTrustFiles(directory: string, files: Iterable<string>): Promise<void> {
  for (const file of files) await rm(path.join(directory, file), { force: true });
  await syncDirectory(directory);
}

/**
 * Makes the directory hold exactly `entries`. The list is first written as a whole to a plan file;
 * {@link finishReplacement} executes a plan that a crash interrupted, so that the directory is found with
 * either all old entries or all new ones.
 */
export async function replaceTrustFiles(
  directory: string,
  entries: readonly TrustEntry[],
): Promise<void> {
  const plan = entries.map(({ name, address, certificate }) => ({ name, address, certificate }));
  await writeFileAtomic(path.join(directory, PLAN_FILE), JSON.stringify(plan), 0o600);
  await execute(directory, entries);
}

/**
 * Executes a plan that a crash interrupted; without one, does nothing.
 *
 * @returns the fault of a plan that cannot be read and was dropped
 */
export async function finishReplacement(directory: string): Promise<Error | undefined> {
  const text = await readIfPresent(path.join(directory, PLAN_FILE));
  if (text === undefined) return undefined;
  let entries: TrustEntry[];
  try {
    entries = planSchema.parse(JSON.parse(text)).map(trustEntry);
  } catch (error) {
    await removeFileDurably(path.join(directory, PLAN_FILE));
    return error instanceof Error ? error : new Error(String(error));
  }
  await execute(directory, entries);
  return undefined;
}

/** Every step can be repeated: writes what differs, deletes what is not listed, drops the plan. */
async function execute(directory: string, entries: readonly TrustEntry[]): Promise<void> {
  const existing = await readTrustFiles(directory);
  for (const entry of entries) {
    const current = existing.entries.get(trustFileName(entry.name));
    if (current === undefined || !sameEntry(current, entry)) await writeTrustFile(directory, entry);
  }
  const wanted = new Set(entries.map((entry) => trustFileName(entry.name)));
  const files = [...existing.entries.keys(), ...existing.faults.keys()];
  const obsolete = files.filter((file) => !wanted.has(file));
  if (obsolete.length > 0) await deleteTrustFiles(directory, obsolete);
  await removeFileDurably(path.join(directory, PLAN_FILE));
}

/** Whether two entries say the same. */
export function sameEntry(a: TrustEntry, b: TrustEntry): boolean {
  return a.name === b.name && a.address === b.address && a.fingerprint === b.fingerprint;
}
