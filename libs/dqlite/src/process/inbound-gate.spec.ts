/** The gate for raw sockets, while strangers hold handshakes open. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../transport/certificates.fixture.js';
import { DQLITE_ALPN } from '../transport/upgrade.js';
import { InboundGate } from './inbound-gate.js';
import { Trust } from './trust.js';

/** As many handshakes as the gate lets be under way. */
const FULL = 128;

const cluster = selfSigned('cluster.test');
const member = selfSigned('member.test');

describe('InboundGate', () => {
  const dialled: Socket[] = [];
  let accepted = 0;
  let port = 0;
  const gate = new InboundGate(
    new Trust({
      identity: member,
      serving: cluster,
      trustedServers: [cluster.certificate],
      trustedPeers: [member.certificate],
    }),
    () => '@nobody',
  );
  const server = createServer((socket) => {
    accepted += 1;
    gate.accept(socket, Buffer.alloc(0));
  });

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    port = bound.port;
  });

  afterEach(async () => {
    gate.close();
    for (const socket of dialled.splice(0)) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  function dial(): Socket {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    dialled.push(socket);
    return socket;
  }

  function shakeHands(): TLSSocket {
    const socket = connectTls({
      socket: dial(),
      cert: member.certificate,
      key: member.privateKey,
      rejectUnauthorized: false,
      ALPNProtocols: [DQLITE_ALPN],
    });
    socket.on('error', () => undefined);
    return socket;
  }

  it('lets a member in while as many silent strangers as it bears hold their handshakes open', async () => {
    const first = dial();
    await expect.poll(() => accepted).toBe(1);
    const ended = once(first.resume(), 'close');
    for (let stranger = 1; stranger < FULL; stranger += 1) dial();
    await expect.poll(() => accepted).toBe(FULL);
    expect(first.readableEnded).toBe(false);

    const peer = shakeHands();
    await once(peer, 'secureConnect');

    expect(peer.alpnProtocol).toBe(DQLITE_ALPN);
    // The oldest of the strangers has made room.
    await ended;
    expect(dialled.filter(({ destroyed }) => destroyed)).toContain(first);
  });
});
