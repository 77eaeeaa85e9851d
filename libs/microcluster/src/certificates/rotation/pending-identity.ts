/** A new key pair of this member that the cluster may or may not know yet: `.server.next`, until the table has decided. */
import path from 'node:path';
import { z } from 'zod';
import { readIfPresent } from '../../state/file-presence.js';
import { removeFileDurably, writeFileAtomic } from '../../state/index.js';
import type { KeyPair } from '../generate.js';
import { keyPairFault } from '../inspect.js';

const FILE = '.server.next';
const schema = z.object({ certificate: z.string(), privateKey: z.string() });

/** Keeps the pair; only the owner may read it. */
export async function writePendingIdentity(directory: string, pair: KeyPair): Promise<void> {
  const { certificate, privateKey } = pair;
  await writeFileAtomic(
    path.join(directory, FILE),
    JSON.stringify({ certificate, privateKey }),
    0o600,
  );
}

/** The pair that was kept; `undefined` when there is none that can be used. */
export async function readPendingIdentity(directory: string): Promise<KeyPair | undefined> {
  const text = await readIfPresent(path.join(directory, FILE));
  if (text === undefined) return undefined;
  const parsed = schema.safeParse(jsonOrUndefined(text));
  return parsed.success && keyPairFault(parsed.data) === undefined ? parsed.data : undefined;
}

/** Forgets it. */
export async function removePendingIdentity(directory: string): Promise<void> {
  await removeFileDurably(path.join(directory, FILE));
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
