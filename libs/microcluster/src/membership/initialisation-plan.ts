/** A note on disk that a bootstrap or join is under way, so that a crash in the middle of it can be undone. */
import path from 'node:path';
import { z } from 'zod';
import { readIfPresent } from '../state/file-presence.js';
import { removeFileDurably, writeFileAtomic } from '../state/index.js';

const FILE = 'initialising.json';

const planSchema = z.object({
  operation: z.enum(['bootstrap', 'join']),
  name: z.string(),
  /** Whom a joiner asked to be admitted: `ip:port`, and the certificate (PEM) that they show. */
  asked: z.object({ addresses: z.array(z.string()), certificate: z.string() }).optional(),
});

/** Which operation began, for which member name, and who may know of it. */
export type InitialisationPlan = z.output<typeof planSchema>;

/** Writes the note, or a fuller one; nothing of the operation may be on disk before it. */
export async function beginInitialisation(
  directory: string,
  plan: InitialisationPlan,
): Promise<void> {
  await writeFileAtomic(path.join(directory, FILE), `${JSON.stringify(plan)}\n`, 0o600);
}

/**
 * Removes the note: the operation is complete, or undone. Durably: a note that a power cut brings back would
 * undo a member that has been acknowledged.
 */
export async function endInitialisation(directory: string): Promise<void> {
  await removeFileDurably(path.join(directory, FILE));
}

/** The operation that a crash interrupted, if there is one. A note that cannot be read still says that there is. */
export async function interruptedInitialisation(
  directory: string,
): Promise<InitialisationPlan | undefined> {
  const text = await readIfPresent(path.join(directory, FILE));
  if (text === undefined) return undefined;
  try {
    return planSchema.parse(JSON.parse(text));
  } catch {
    return { operation: 'join', name: '' };
  }
}
