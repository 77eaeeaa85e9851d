/** The names and texts by which two members agree to speak dqlite on a connection to the Core API port (`spec/core-api.md` 11). */

/** Offered in the ClientHello by our own members; a server that selects it speaks dqlite at once. */
export const DQLITE_ALPN = 'x-microcluster-dqlite';

/** Path of the upgrade request. */
export const UPGRADE_PATH = '/core/internal/database';

/** Value of the `Upgrade` header, in both directions. */
export const UPGRADE_PROTOCOL = 'dqlite';

/** Header that carries the version of the dqlite protocol, and the version we speak. */
export const UPGRADE_VERSION_HEADER = 'X-Dqlite-Version';
export const UPGRADE_VERSION = '1';

/** Exactly what an acceptor answers to an upgrade request over TCP before it passes bytes on. */
export const UPGRADE_ACCEPTED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: dqlite\r\n\r\n';

/** Longest answer to an upgrade request that is read, bytes. */
const MAX_ANSWER_BYTES = 16_384;
const HEAD_END = Buffer.from('\r\n\r\n');

/** What a dialler sends; there is no `Connection: Upgrade`, as Go members send none. */
export function upgradeRequest(host: string): string {
  return (
    `POST ${UPGRADE_PATH} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: microcluster\r\n` +
    `Content-Length: 0\r\nUpgrade: ${UPGRADE_PROTOCOL}\r\n` +
    `${UPGRADE_VERSION_HEADER}: ${UPGRADE_VERSION}\r\n\r\n`
  );
}

/**
 * Looks for the answer to an upgrade request in what was read so far.
 *
 * @returns the length of the answer's head when the upgrade was granted; undefined when more is needed
 * @throws Error when it was refused, or the answer is too long
 */
export function parseUpgradeAnswer(received: Buffer): number | undefined {
  const end = received.indexOf(HEAD_END);
  if (end < 0) {
    if (received.length > MAX_ANSWER_BYTES) throw new Error('the answer has no end');
    return undefined;
  }
  const [statusLine = '', ...headers] = received.subarray(0, end).toString('latin1').split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw new Error('the answer is not HTTP');
  if (status === '426') throw new Error('Upgrade needed');
  if (status !== '101') {
    throw new Error(`Dialing failed: expected status code 101 got ${status}`);
  }
  if (!headers.some((header) => /^upgrade:\s*dqlite\s*$/i.test(header))) {
    throw new Error('Missing or unexpected Upgrade header in response');
  }
  return end + HEAD_END.length;
}
