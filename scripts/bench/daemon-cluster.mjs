/** Three daemons of the example application, and a client that reaches their databases through the TLS tunnel. */
import { join } from 'node:path';
import { tunnelAs } from '../demo/leader.mjs';
import { Member } from '../demo/member.mjs';
import { freeAddresses } from '../demo/ports.mjs';
import { processesOf } from '../demo/process-group.mjs';
import { waitFor } from '../demo/wait.mjs';
import { root } from '../setup.mjs';
import { clientOf } from './tcp-cluster.mjs';

const ROLES_LIMIT_MS = 60_000;

/**
 * @param {string} directory an existing one
 * @returns an object with `client(poolSize)`, `pids`, `members` and `close()`
 */
export async function startDaemonCluster(directory) {
  const addresses = await freeAddresses(3);
  const members = addresses.map((address, at) => {
    const name = `b${at + 1}`;
    return new Member({
      name,
      address,
      root,
      stateDir: join(directory, name),
      logFile: join(directory, `${name}.log`),
      arguments: [],
      env: { ...process.env, MICROCLUSTER_ENGINE: 'dqlite', NO_COLOR: '1' },
    });
  });
  const close = async () => {
    for (const member of members) member.destroy();
    await Promise.all(members.map((member) => member.waitUntilGone()));
  };
  try {
    await Promise.all(members.map((member) => member.start()));
    const [first, ...joiners] = members;
    await first.control('init', first.name, first.address, '--bootstrap');
    for (const joiner of joiners) {
      const token = (await first.control('tokens', 'add', joiner.name)).trim();
      await joiner.control('init', joiner.name, joiner.address, '--token', token);
    }
    await waitFor('three members vote', ROLES_LIMIT_MS, async () => {
      const table = await first.overSocket('GET', '/core/1.0/cluster');
      return table.every((row) => row.role === 'voter') ? true : undefined;
    });
    const dial = await tunnelAs(first);
    const pids = members.flatMap(({ pid }) => processesOf(pid));
    return { client: (poolSize) => clientOf(addresses, dial, poolSize), pids, members, close };
  } catch (error) {
    await close();
    throw error;
  }
}
