/** Three of our nodes over plain TCP, each in its own process, and a client of them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DqliteApp, DqliteClient, DqliteProcess, dialTcp } from '@microcluster/dqlite';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { freeAddresses } from '../demo/ports.mjs';
import { waitFor } from '../demo/wait.mjs';

const READY_LIMIT_MS = 60_000;

/**
 * @param {string} directory an existing one
 * @returns an object with `client(poolSize)`, the nodes' `pids` and `close()`
 */
export async function startTcpCluster(directory) {
  const addresses = await freeAddresses(3);
  const apps = [];
  const hosts = addresses.map(() => new DqliteProcess());
  const close = async () => {
    for (const app of apps.toReversed()) await app.close();
  };
  try {
    for (const [at, address] of addresses.entries()) {
      const folder = join(directory, `tcp-${at + 1}`);
      await mkdir(folder);
      const app = await DqliteApp.open({
        directory: folder,
        address,
        ...(at === 0 ? {} : { join: [addresses[0]] }),
        host: hosts[at],
        dial: dialTcp,
      });
      apps.push(app);
      await app.ready(timeLimit(READY_LIMIT_MS));
    }
    await waitFor('three nodes vote', READY_LIMIT_MS, async () => {
      const members = await apps[0].members(timeLimit(5000));
      return members.filter((m) => m.role === 'voter').length === 3 ? true : undefined;
    });
  } catch (error) {
    await close();
    throw error;
  }
  const pids = hosts.map(({ pid }) => pid);
  return { client: (poolSize) => clientOf(addresses, dialTcp, poolSize), pids, close };
}

/** A client of the nodes at `addresses`, on a database of its own. */
export function clientOf(addresses, dial, poolSize) {
  const servers = addresses.map((address) => ({ address, role: 'voter' }));
  return new DqliteClient({ dial, servers: () => servers, database: 'bench.bin', poolSize });
}
