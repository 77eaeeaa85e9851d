/** What a state directory lets its owner do at other members: its key pair, and the certificate that they show. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MicroclusterClientError } from '../client/client-error.js';

/** What mutual TLS towards the members of a cluster needs; all PEM. */
export interface MemberCredentials {
  readonly identity: { readonly certificate: string; readonly privateKey: string };
  /** The certificate of the cluster. */
  readonly trusted: string;
}

/**
 * Reads the key pair of the member and the certificate of its cluster.
 *
 * @throws MicroclusterClientError `UNREACHABLE` saying which file is missing or may not be read
 */
export async function readMemberCredentials(stateDir: string): Promise<MemberCredentials> {
  const certificate = await read(path.join(stateDir, 'server.crt'));
  const privateKey = await read(path.join(stateDir, 'server.key'));
  const trusted = await read(path.join(stateDir, 'cluster.crt'));
  return { identity: { certificate, privateKey }, trusted };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const todo =
      code === 'EACCES'
        ? "use the daemon's account"
        : 'check the path of the state directory, and that the daemon belongs to a cluster';
    const text = `Other members cannot be called: ${file} cannot be read; ${todo}`;
    throw MicroclusterClientError.local('UNREACHABLE', text, cause);
  }
}
