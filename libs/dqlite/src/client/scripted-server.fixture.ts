/** A peer that misbehaves on purpose: answers what a real node cannot be made to answer. */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dialTcp } from '../transport/index.js';
import { DqliteConnection } from './index.js';

export interface ScriptedServer extends AsyncDisposable {
  readonly address: string;
  /** How many requests arrived. */
  readonly requests: () => number;
  connect(): Promise<DqliteConnection>;
}

/** Calls `answer` for each request with its type byte and its bytes; what it returns is sent back. */
export async function scriptedServer(
  answer: (type: number, count: number, socket: Socket, frame: Buffer) => Buffer | undefined,
): Promise<ScriptedServer> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let pending = Buffer.alloc(0);
    let isGreeted = false;
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      if (!isGreeted && pending.length >= 8) {
        isGreeted = true;
        pending = pending.subarray(8);
      }
      if (!isGreeted) return;
      while (pending.length >= 8) {
        const size = 8 + 8 * pending.readUInt32LE(0);
        if (pending.length < size) return;
        const type = pending.readUInt8(4);
        const frame = pending.subarray(0, size);
        pending = pending.subarray(size);
        count++;
        const reply = answer(type, count, socket, frame);
        if (reply !== undefined) socket.write(reply);
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port }: AddressInfo = parseAddress(server.address());
  const address = `127.0.0.1:${port}`;
  return {
    address,
    requests: () => count,
    connect: () => DqliteConnection.connect({ dial: dialTcp, address }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function parseAddress(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address;
}
