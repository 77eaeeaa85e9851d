/** Cluster certificates that were replaced but that some member may still show; kept across restarts. */
import path from 'node:path';
import { readIfPresent } from '../../state/file-presence.js';
import { removeFileDurably, writeFileAtomic } from '../../state/index.js';
import { isWithinValidity } from '../inspect.js';

/** Holds certificates alone, no key. */
const FILE = 'cluster.previous';
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;

/** Reads them; those that have expired or cannot be read are left out. */
export async function loadPreviousCertificates(directory: string): Promise<string[]> {
  const text = (await readIfPresent(path.join(directory, FILE))) ?? '';
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
