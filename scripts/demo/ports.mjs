/** Finds TCP ports of the loopback interface that nobody uses. */
import { createServer } from 'node:net';
import { once } from 'node:events';

/** @returns {Promise<string[]>} `count` different addresses `127.0.0.1:port` */
export async function freeAddresses(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const addresses = servers.map((server) => `127.0.0.1:${server.address().port}`);
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return addresses;
}
