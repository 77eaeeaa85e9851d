/** Reading the certificate of a server that is not trusted yet (`spec/core-api.md` 14.2 step 1). */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import tls from 'node:tls';
import { pemOfCertificate } from '../certificates/inspect.js';
import { Address } from '../types/address.js';
import { MicroclusterClientError } from './client-error.js';
import { describeConnectFailure } from './connect-failure.js';
import { established, minimumTlsVersion } from './endpoint.js';

/** Connection and handshake together get this long, milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Connects to `address`, presents and sends nothing, and returns the certificate that is shown there. Nothing
 * about the peer is verified: compare the fingerprint.
 *
 * @param address `ip:port`
 * @param via `ip:port` that is dialled instead of the address
 * @returns PEM
 * @throws MicroclusterClientError `UNREACHABLE`, `TIMEOUT` after 10 s, or `ABORTED`
 */
export async function fetchPeerCertificate(
  address: string,
  signal?: AbortSignal,
  via = address,
): Promise<string> {
  const parsed = Address.parse(address);
  const dialled = Address.parse(via);
  const label = parsed.toString();
  const timeout = timeLimit(TIMEOUT_MS);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const socket = tls.connect({
    host: dialled.host,
    port: dialled.port,
    rejectUnauthorized: false,
    minVersion: minimumTlsVersion(),
  });
  try {
    await established(socket, 'secureConnect', either, (cause) =>
      describeConnectFailure(label, cause),
    );
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      throw MicroclusterClientError.local('BAD_REPLY', `${label} shows no certificate`);
    }
    return pemOfCertificate(certificate.raw);
  } catch (error) {
    if (signal?.aborted === true) {
      const text = `Reading the certificate of ${label} was given up`;
      throw MicroclusterClientError.local('ABORTED', text, signal.reason);
    }
    if (timeout.aborted) {
      const text = `${label} did not complete a TLS handshake within ${TIMEOUT_MS} ms; check the address and the network`;
      throw MicroclusterClientError.local('TIMEOUT', text, error);
    }
    throw error;
  } finally {
    socket.destroy();
  }
}
