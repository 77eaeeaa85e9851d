/** Carries out the repairs that change nothing that the records do not already agree on. */
import { chmod } from 'node:fs/promises';
import type { Microcluster } from '../app/microcluster.js';
import type { RequestOptions } from '../client/exchange.js';
import type { Fix } from './finding.js';

/**
 * Carries out one repair.
 *
 * @throws Error saying why it was not possible; nothing is half done
 */
export async function applyFix(
  app: Microcluster,
  fix: Fix,
  options: Pick<RequestOptions, 'signal' | 'timeoutMs'> = {},
): Promise<void> {
  if (fix.kind === 'restrict-key') return chmod(fix.path, 0o600);
  const client = await app.remoteClient(fix.at);
  // A notification: only this one trust store is wrong.
  const call = { ...options, notification: true };
  try {
    if (fix.kind === 'trust-add') await client.truststoreAdd(fix.member, call);
    else await client.truststoreRemove(fix.name, call);
  } finally {
    await client.close();
  }
}

/** What a repair does, in one clause. */
export function describeFix(fix: Fix): string {
  switch (fix.kind) {
    case 'trust-add':
      return `let ${fix.at} trust ${fix.member.name}`;
    case 'trust-remove':
      return `let ${fix.at} no longer trust ${fix.name}`;
    case 'restrict-key':
      return `let only its owner read ${fix.path}`;
  }
}
