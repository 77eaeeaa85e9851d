/** Checks a requested map of listen addresses before anything changes (`spec/core-api.md` 22.5). */
import { MicroclusterError } from '../errors/index.js';
import type { ServerConfigs } from '../types/index.js';
import type { DeclaredServers } from './declared-servers.js';

/**
 * @param coreAddress the address of the Core API
 * @throws MicroclusterError `BAD_REQUEST` with the texts of the specification
 */
export function checkServerConfigs(
  declared: DeclaredServers,
  requested: ServerConfigs,
  coreAddress: string,
): void {
  const taken = new Set([coreAddress]);
  for (const [name, { address }] of Object.entries(requested)) {
    if (declared.additionalNamed(name) === undefined) {
      refuse(`No matching additional listener found for "${name}"`);
    }
    if (taken.has(address)) refuse(`Address "${address}" is already in use`);
    taken.add(address);
  }
}

function refuse(reason: string): never {
  throw new MicroclusterError('BAD_REQUEST', { reason });
}
