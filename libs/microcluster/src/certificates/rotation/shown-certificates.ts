/** The certificates that this member shows to anybody, by the names under which they are replaced. */
import path from 'node:path';
import type { MemberIdentity } from '../../lifecycle/member-identity.js';
import type { StateDirectory } from '../../state/index.js';
import { loadAdditionalKeyPairs } from '../additional-key-pairs.js';
import type { CertificateFile } from './expiry.js';

/**
 * `server`, `cluster` once there is one, and those of additional servers.
 *
 * @throws MicroclusterError `INVALID_KEY_PAIR` when files there do not fit together
 */
export async function shownCertificates(
  identity: Pick<MemberIdentity, 'server' | 'cluster' | 'hasCluster'>,
  state: Pick<StateDirectory, 'path' | 'certificatesPath'>,
): Promise<CertificateFile[]> {
  const additional = await loadAdditionalKeyPairs(state.certificatesPath);
  return [
    inState('server', identity.server.certificate),
    ...(identity.hasCluster ? [inState('cluster', identity.cluster.certificate)] : []),
    ...[...additional].map(([name, { certificate }]) => ({
      name,
      certificate,
      file: path.join(state.certificatesPath, `${name}.crt`),
    })),
  ];

  function inState(name: string, certificate: string): CertificateFile {
    return { name, certificate, file: path.join(state.path, `${name}.crt`) };
  }
}
