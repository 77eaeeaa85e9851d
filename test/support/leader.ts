/** Asks a daemon's database, through the Core API's tunnel, whether it leads. */
import { DqliteConnection, dialTunnel } from '@microcluster/dqlite';
import type { Daemon } from './daemon.js';

const LIMIT_MS = 5_000;

/** Whether the daemon's own database says that it leads. */
export async function leads(daemon: Daemon): Promise<boolean> {
  const identity = {
    certificate: await daemon.file('server.crt'),
    privateKey: await daemon.file('server.key'),
  };
  const trusted = await daemon.file('cluster.crt');
  const connection = await DqliteConnection.connect({
    dial: (address, signal) => dialTunnel({ address, identity, trusted, signal }),
    address: daemon.address,
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  try {
    return (await connection.leader())?.address === daemon.address;
  } finally {
    connection.close();
  }
}
