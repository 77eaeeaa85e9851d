/** The key pairs of additional servers, which every member shows alike (`spec/core-api.md` 1.1, 14.3). */
import { readdir } from 'node:fs/promises';
import type { KeyPair } from './generate.js';
import { loadKeyPair } from './key-pair-files.js';

const CERTIFICATE = '.crt';

/**
 * Reads every complete pair in a directory, by name; a name may contain dots.
 *
 * @throws MicroclusterError `INVALID_KEY_PAIR` when files do not fit together
 */
export async function loadAdditionalKeyPairs(directory: string): Promise<Map<string, KeyPair>> {
  const names = (await readdir(directory))
    .filter((file) => file.endsWith(CERTIFICATE) && !file.startsWith('.'))
    .map((file) => file.slice(0, -CERTIFICATE.length));
  const pairs = new Map<string, KeyPair>();
  for (const name of names.toSorted()) {
    const pair = await loadKeyPair(directory, name);
    if (pair !== undefined) {
      pairs.set(name, pair);
    }
  }
  return pairs;
}
