/** Chooses the certificate that an additional listener shows (`spec/core-api.md` 22.4). */
import path from 'node:path';
import { loadKeyPair, loadOrGenerateKeyPair, type KeyPair } from '../certificates/index.js';
import { MicroclusterError } from '../errors/index.js';
import { isPresent } from '../state/file-presence.js';
import type { DeclaredServer } from './declared-servers.js';

/** Where a listener's certificate comes from. */
export type CertificateSource = 'dedicated' | 'custom' | 'core';

/** A certificate and where it comes from. */
export interface ChosenCertificate {
  readonly source: CertificateSource;
  readonly keyPair: KeyPair;
}

/**
 * A dedicated certificate is made when it is missing. Without one, a pair that somebody put into
 * `certificates/` is shown, or else that of the Core API.
 *
 * @param directory `certificates/` of the state directory
 * @param core the pair of the Core API: the server's before initialisation, the cluster's after
 * @throws MicroclusterError `INVALID_KEY_PAIR` when files do not fit together or one of the two is missing
 */
export async function chooseCertificate(
  server: DeclaredServer,
  directory: string,
  core: KeyPair,
): Promise<ChosenCertificate> {
  const { name } = server;
  if (server.dedicatedCertificate) {
    return { source: 'dedicated', keyPair: await loadOrGenerateKeyPair(directory, name, name) };
  }
  const custom = await loadKeyPair(directory, name);
  if (custom !== undefined) return { source: 'custom', keyPair: custom };
  if (await isPresent(path.join(directory, `${name}.crt`))) {
    // Showing another certificate than the one that was put there would go unnoticed for too long.
    throw new MicroclusterError('INVALID_KEY_PAIR', {
      name,
      reason: `the file ${name}.key is missing beside ${name}.crt in ${directory}`,
    });
  }
  return { source: 'core', keyPair: core };
}
