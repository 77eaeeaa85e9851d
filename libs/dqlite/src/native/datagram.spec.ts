/** Datagrams to unix sockets, and inherited descriptors. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatagramReceiver } from './datagram.fixture.js';
import { sendUnixDatagram } from './datagram.js';
import { duplicateDescriptor, inspectListener } from './descriptors.js';
import { textOfSocketAddress } from './socket-address.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'datagram-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a datagram', () => {
  it.each([
    ['a path', () => join(directory, 'notify')],
    ['an abstract name', () => `@microcluster-${randomUUID()}`],
  ])('arrives at %s', (_kind, address) => {
    using receiver = new DatagramReceiver(address());
    expect(sendUnixDatagram(receiver.address, 'READY=1\nSTATUS=ünïcode')).toBe(true);
    expect(receiver.take()).toEqual(['READY=1\nSTATUS=ünïcode']);
  });

  it('is not sent when the receiver has no room, which is said', () => {
    using receiver = new DatagramReceiver(join(directory, 'notify'));
    let sent = 0;
    while (sent < 10_000 && sendUnixDatagram(receiver.address, 'x')) sent += 1;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(10_000);
    expect(receiver.take()).toHaveLength(sent);
    expect(sendUnixDatagram(receiver.address, 'x')).toBe(true);
  });

  it('is an error when nobody listens, or the path is too long', () => {
    expect(() => sendUnixDatagram(join(directory, 'nobody'), 'x')).toThrow('does not accept');
    expect(() => sendUnixDatagram(`/${'x'.repeat(108)}`, 'x')).toThrow('too long');
  });
});

describe('a listening socket', () => {
  /** Node's own descriptor of a server. */
  const descriptorOf = (server: Server): number => {
    const handle: unknown = Reflect.get(server, '_handle');
    const fd: unknown = typeof handle === 'object' && handle && Reflect.get(handle, 'fd');
    if (typeof fd !== 'number') throw new Error('Node shows no descriptor');
    return fd;
  };

  it('tells what it is bound to', async () => {
    const path = join(directory, 'socket');
    const server = createServer().listen(path);
    await once(server, 'listening');
    expect(inspectListener(descriptorOf(server))).toBe(path);
    server.close();
  });

  it('tells what it is bound to in IPv6', () => {
    const address = Buffer.alloc(28);
    address.writeUInt16LE(10, 0);
    address.writeUInt16BE(8443, 2);
    address.writeUInt16BE(0xfe80, 8);
    address.writeUInt16BE(1, 22);
    expect(textOfSocketAddress(address, 28)).toBe('[fe80:0:0:0:0:0:0:1]:8443');
  });

  it('can be listened on through duplicates, one after the other', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const kept = duplicateDescriptor(descriptorOf(first));
    const address = inspectListener(kept) ?? '';
    await new Promise((resolve) => {
      first.close(resolve);
    });
    for (const text of ['second', 'third']) {
      const server = createServer((socket) => socket.end(text));
      server.listen({ fd: duplicateDescriptor(kept) });
      await once(server, 'listening');
      let got = '';
      const port = Number(address.slice(address.lastIndexOf(':') + 1));
      for await (const chunk of connect(port, '127.0.0.1')) got += String(chunk);
      expect(got).toBe(text);
      await new Promise((resolve) => {
        server.close(resolve);
      });
    }
    closeSync(kept);
  });

  it('is told from other descriptors', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const client = connect(typeof bound === 'object' && bound !== null ? bound.port : 0);
    await once(client, 'connect');
    const handle: unknown = Reflect.get(client, '_handle');
    const fd = Number(typeof handle === 'object' && handle && Reflect.get(handle, 'fd'));
    expect(inspectListener(fd)).toBeUndefined();
    expect(inspectListener(1)).toBeUndefined();
    const copy = duplicateDescriptor(fd);
    expect(copy).toBeGreaterThan(fd);
    closeSync(copy);
    client.destroy();
    server.close();
  });
});
