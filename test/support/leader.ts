/** Asks a daemon's database, through the Core API's tunnel, whether it leads. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DqliteConnection, dialTunnel } from '@microcluster/dqlite';

const LIMIT_MS = 5_000;

/** A member, in a process of its own or in this one. */
export interface MemberAt {
  /** `ip:port` of its Core API. */
  readonly address: string;
  readonly stateDir: string;
}

/** Whether the member's own database says that it leads. */
export async function leads(member: MemberAt): Promise<boolean> {
  const { identity, trusted } = await identityOf(member);
  const connection = await DqliteConnection.connect({
    dial: (address, signal) => dialTunnel({ address, identity, trusted, signal }),
    address: member.address,
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  try {
    return (await connection.leader())?.address === member.address;
  } finally {
    connection.close();
  }
}

/** What a connection to the member's database needs: its own key pair will do. */
export async function identityOf({ stateDir }: MemberAt) {
  const file = (name: string) => readFile(join(stateDir, name), 'utf8');
  const identity = { certificate: await file('server.crt'), privateKey: await file('server.key') };
  return { identity, trusted: await file('cluster.crt') };
}
