/** The certificates that this member shows to anybody, by the names under which they are replaced. */
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import { loadAdditionalKeyPairs } from '../additional-key-pairs.js';
import type { NamedCertificate } from './expiry.js';

/**
 * `server`, `cluster` once there is one, and those of additional servers.
 *
 * @param directory `certificates/` of the state directory
 * @throws MicroclusterError `INVALID_KEY_PAIR` when files there do not fit together
 */
export async function shownCertificates(
  identity: Pick<MemberIdentity, 'server' | 'cluster' | 'hasCluster'>,
  directory: string,
): Promise<NamedCertificate[]> {
  const additional = await loadAdditionalKeyPairs(directory);
  return [
    { name: 'server', certificate: identity.server.certificate },
    ...(identity.hasCluster
      ? [{ name: 'cluster', certificate: identity.cluster.certificate }]
      : []),
    ...[...additional].map(([name, { certificate }]) => ({ name, certificate })),
  ];
}
