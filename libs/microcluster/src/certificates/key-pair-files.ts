/** Key pairs as files: `<name>.crt`, `<name>.key` and optionally `<name>.ca`, replaced together or not at all. */
import path from 'node:path';
import { z } from 'zod';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { readIfPresent } from '../state/file-presence.js';
import { removeFileDurably, writeFileAtomic } from '../state/write-file-atomic.js';
import { generateKeyPair, type KeyPair } from './generate.js';
import { keyPairFault } from './inspect.js';

/** Modes of the three files: the key is for its owner only (`spec/core-api.md` 1.2). */
const MODES = { crt: 0o644, key: 0o600, ca: 0o644 } as const;

/** A replacement that has been decided on but perhaps not finished. */
const planSchema = z.object({
  certificate: z.string(),
  privateKey: z.string(),
  ca: z.string().optional(),
});

/**
 * Writes a pair. The pair is first written as a whole to a plan file; {@link loadKeyPair} finishes a plan that
 * a crash interrupted, so that a key never meets the certificate of another. Without `ca`, an old one stays.
 *
 * @throws MicroclusterError `INVALID_KEY_PAIR` when key and certificate do not fit; no file is changed then
 */
export async function writeKeyPair(directory: string, name: string, pair: KeyPair): Promise<void> {
  const reason = keyPairFault(pair);
  if (reason !== undefined) throw new MicroclusterError('INVALID_KEY_PAIR', { name, reason });
  const { certificate, privateKey, ca } = pair;
  await writeFileAtomic(
    planFile(directory, name),
    JSON.stringify({ certificate, privateKey, ca }),
    MODES.key,
  );
  await executePlan(directory, name, pair);
}

/**
 * Reads a pair.
 *
 * @returns undefined when the certificate or the key is missing
 * @throws MicroclusterError `INVALID_KEY_PAIR` when the files do not fit together, naming the directory
 */
export async function loadKeyPair(directory: string, name: string): Promise<KeyPair | undefined> {
  const plan = await readIfPresent(planFile(directory, name));
  if (plan !== undefined) {
    const parsed = planSchema.safeParse(parseOrUndefined(plan));
    if (parsed.success) await executePlan(directory, name, withoutUndefined(parsed.data));
    else await removeFileDurably(planFile(directory, name));
  }
  const [certificate, privateKey, ca] = await Promise.all([
    readIfPresent(path.join(directory, `${name}.crt`)),
    readIfPresent(path.join(directory, `${name}.key`)),
    readIfPresent(path.join(directory, `${name}.ca`)),
  ]);
  if (certificate === undefined || privateKey === undefined) return undefined;
  const pair = withoutUndefined({ certificate, privateKey, ca });
  const fault = keyPairFault(pair);
  if (fault !== undefined) {
    const reason = `${fault} (files ${name}.crt and ${name}.key in ${directory})`;
    throw new MicroclusterError('INVALID_KEY_PAIR', { name, reason });
  }
  return pair;
}

/** Reads a pair, or makes one when the certificate or the key is missing (`spec/core-api.md` 4.5). */
export async function loadOrGenerateKeyPair(
  directory: string,
  name: string,
  commonName?: string,
): Promise<KeyPair> {
  const existing = await loadKeyPair(directory, name);
  if (existing !== undefined) return existing;
  const generated = await generateKeyPair(commonName === undefined ? {} : { commonName });
  await writeKeyPair(directory, name, generated);
  const ca = await readIfPresent(path.join(directory, `${name}.ca`));
  return withoutUndefined({ ...generated, ca });
}

async function executePlan(directory: string, name: string, pair: KeyPair): Promise<void> {
  await writeFileAtomic(path.join(directory, `${name}.key`), pair.privateKey, MODES.key);
  await writeFileAtomic(path.join(directory, `${name}.crt`), pair.certificate, MODES.crt);
  if (pair.ca !== undefined) {
    await writeFileAtomic(path.join(directory, `${name}.ca`), pair.ca, MODES.ca);
  }
  await removeFileDurably(planFile(directory, name));
}

function planFile(directory: string, name: string): string {
  return path.join(directory, `.${name}.pair`);
}

function parseOrUndefined(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function withoutUndefined(pair: {
  certificate: string;
  privateKey: string;
  ca?: string | undefined;
}): KeyPair {
  const { ca, ...required } = pair;
  return ca === undefined ? required : { ...required, ca };
}
