/** Finds TCP ports of the loopback interface that nobody uses. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** `count` different addresses `127.0.0.1:port`. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const addresses = servers.map((server) => {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no TCP address was bound');
    return `127.0.0.1:${bound.port}`;
  });
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return addresses;
}
