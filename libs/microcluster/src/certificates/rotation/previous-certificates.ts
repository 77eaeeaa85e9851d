/** Cluster certificates that were replaced but that some member may still show; kept across restarts. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isSystemError } from '../../errors/system-error.js';
import { removeFileDurably, writeFileAtomic } from '../../state/index.js';
import { isWithinValidity } from '../inspect.js';

/** Holds certificates alone, no key. */
const FILE = 'cluster.previous';
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;

/** Reads them; those that have expired or cannot be read are left out. */
export async function loadPreviousCertificates(directory: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path.join(directory, FILE), 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
  return (text.match(PEM_CERTIFICATE) ?? []).filter(isUsable);
}

/** Replaces them; without any, the file goes. */
export async function storePreviousCertificates(
  directory: string,
  certificates: readonly string[],
): Promise<void> {
  const file = path.join(directory, FILE);
  if (certificates.length === 0) await removeFileDurably(file);
  else await writeFileAtomic(file, certificates.map(terminated).join(''), 0o644);
}

function terminated(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}

function isUsable(pem: string): boolean {
  try {
    return isWithinValidity(pem);
  } catch {
    return false;
  }
}
