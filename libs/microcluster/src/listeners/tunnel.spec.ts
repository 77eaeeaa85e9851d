/** The database tunnel in raw bytes, as Go members and others ask for it (`spec/core-api.md` 11). */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../certificates/index.js';
import { TestDaemon } from './daemon.fixture.js';
import { dialPlain, dialSecure, exchange, parseAnswer, readUntil } from './raw-client.fixture.js';
import type { Tunnel } from './tunnel.js';

const GRANTED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: dqlite\r\n\r\n';

let daemon: TestDaemon;
let port: number;
let tunnels: Tunnel[];
let handedOver: { socket: Socket; head: Buffer }[];

beforeEach(async () => {
  tunnels = [];
  handedOver = [];
  daemon = await TestDaemon.create(
    {},
    {
      listeners: { onDqliteSocket: (socket, head) => handedOver.push({ socket, head }) },
      prepare: (adapter) => {
        adapter.serveTunnel((tunnel) => {
          tunnels.push(tunnel);
          echo(tunnel.socket, tunnel.head);
        });
      },
    },
  );
  await daemon.openUnix();
  port = await daemon.openTls('core');
  daemon.trusted.set(fingerprintOf(daemon.memberPair.certificate), { name: 'c2', address: '' });
});

afterEach(async () => {
  await daemon.close();
});

/** Sends everything back, twice, so that an answer is never our own request. */
function echo(socket: Duplex, head: Buffer): void {
  socket.on('error', () => undefined);
  if (head.length > 0) socket.write(Buffer.concat([head, head]));
  socket.on('data', (chunk: Buffer) => socket.write(Buffer.concat([chunk, chunk])));
}

const dialMember = () =>
  dialSecure({
    port,
    host: '127.0.0.1',
    cert: daemon.memberPair.certificate,
    key: daemon.memberPair.privateKey,
  });

/** The bytes that Go's dialler sends. */
const goRequest = (host: string, changes: Readonly<Record<string, string>> = {}) => {
  const fields = {
    Host: host,
    'User-Agent': 'Go-http-client/1.1',
    'Content-Length': '0',
    Upgrade: 'dqlite',
    'X-Dqlite-Version': '1',
    ...changes,
  };
  const lines = Object.entries(fields).filter(([, value]) => value !== '');
  return `POST /core/internal/database HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
};

describe('over TLS', () => {
  it('is granted to a member that sends no Connection: Upgrade, with exactly the 101 bytes', async () => {
    const socket = await dialMember();
    const answer = await exchange(socket, goRequest(`127.0.0.1:${port}`), /\r\n\r\n/);
    expect(answer).toBe(GRANTED);
    expect(tunnels[0]?.peerCertificate).toBe(daemon.memberPair.certificate);
    expect(tunnels[0]?.context.peer?.name).toBe('c2');
    expect(await exchange(socket, 'ping', /.{8}/)).toBe('pingping');
  });

  it('is granted with Connection: Upgrade too', async () => {
    const socket = await dialMember();
    const request = goRequest(`127.0.0.1:${port}`, { Connection: 'Upgrade' });
    expect(await exchange(socket, request, /\r\n\r\n/)).toBe(GRANTED);
    expect(await exchange(socket, 'ping', /.{8}/)).toBe('pingping');
  });

  it('is granted on a connection that served requests before', async () => {
    const socket = await dialMember();
    const before = `GET /core/1.0 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    expect(parseAnswer(await exchange(socket, before, /\n\n$/)).status).toBe(404);
    expect(await exchange(socket, goRequest(`127.0.0.1:${port}`), /\r\n\r\n/)).toBe(GRANTED);
  });

  it('passes on bytes that came with the request', async () => {
    const socket = await dialMember();
    const answer = await exchange(socket, `${goRequest(`127.0.0.1:${port}`)}early`, /earlyearly/);
    expect(answer).toBe(`${GRANTED}earlyearly`);
  });

  it('carries many bytes both ways', async () => {
    const socket = await dialMember();
    await exchange(socket, goRequest(`127.0.0.1:${port}`), /\r\n\r\n/);
    const payload = Buffer.alloc(2_000_000, 7);
    let received = 0;
    const complete = new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (received === payload.length * 2) resolve();
      });
    });
    socket.write(payload);
    await complete;
    expect(received).toBe(4_000_000);
  });

  it.each<[string, Record<string, string>, number, string]>([
    [
      'a version that is no number',
      { 'X-Dqlite-Version': 'one' },
      400,
      'Invalid dqlite version: \\"one\\" is not an integer',
    ],
    ['a missing upgrade header', { Upgrade: '' }, 400, 'Missing or invalid upgrade header'],
    ['another upgrade', { Upgrade: 'DQLITE' }, 400, 'Missing or invalid upgrade header'],
    ['a wrong Host', { Host: 'example.com' }, 403, 'not authorized'],
  ])('refuses %s', async (_what, changes, status, text) => {
    const socket = await dialMember();
    const request = goRequest(`127.0.0.1:${port}`, { Connection: 'close', ...changes });
    const answer = parseAnswer(await exchange(socket, request));
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(`"error":"${text}"`);
    expect(tunnels).toEqual([]);
  });

  it('accepts a missing version as 0', async () => {
    const socket = await dialMember();
    const request = goRequest(`127.0.0.1:${port}`, { 'X-Dqlite-Version': '' });
    expect(await exchange(socket, request, /\r\n\r\n/)).toBe(GRANTED);
  });

  it('refuses strangers, whatever else is wrong', async () => {
    const socket = await dialSecure({ port, host: '127.0.0.1' });
    const request = goRequest(`127.0.0.1:${port}`, { 'X-Dqlite-Version': 'x' });
    expect(parseAnswer(await exchange(socket, request)).status).toBe(403);
  });

  it('answers 503 while stopping', async () => {
    daemon.shuttingDown = true;
    const socket = await dialMember();
    expect(parseAnswer(await exchange(socket, goRequest(`127.0.0.1:${port}`))).status).toBe(503);
  });

  it('outlives the idle time and the end of others, and is cut when the listener closes', async () => {
    const socket = await dialMember();
    await exchange(socket, goRequest(`127.0.0.1:${port}`), /\r\n\r\n/);
    const closed = daemon.listeners.close('core', { drainMs: 200 });
    expect(await exchange(socket, 'ping', /.{8}/)).toBe('pingping');
    expect(await closed).toBe(1);
    expect(await readUntil(socket)).toBe('');
  });
});

describe('over the control socket', () => {
  it('is granted without any answer', async () => {
    const socket = await dialPlain({ path: daemon.socketPath });
    expect(await exchange(socket, `${goRequest('x')}hi`, /.{4}/)).toBe('hihi');
    expect(tunnels[0]?.peerCertificate).toBeUndefined();
  });

  it('is refused like any request', async () => {
    const socket = await dialPlain({ path: daemon.socketPath });
    const answer = parseAnswer(
      await exchange(socket, goRequest('x', { 'X-Dqlite-Version': '1.5' })),
    );
    expect(answer.status).toBe(400);
  });
});

describe('a member that offers our protocol in its ClientHello', () => {
  it('is handed over before any TLS, with every byte', async () => {
    const raw = await dialPlain({ port, host: '127.0.0.1' });
    const { connect } = await import('node:tls');
    const client = connect({
      socket: raw,
      rejectUnauthorized: false,
      ALPNProtocols: ['x-microcluster-dqlite', 'http/1.1'],
    });
    client.on('error', () => undefined);
    await expect.poll(() => handedOver.length).toBe(1);
    expect(handedOver[0]?.head[0]).toBe(0x16);
    // The socket is no longer the listener's: closing does not cut it.
    expect(await daemon.listeners.close('core', { drainMs: 0 })).toBe(0);
    expect(handedOver[0]?.socket.destroyed).toBe(false);
    handedOver[0]?.socket.destroy();
    client.destroy();
    await once(raw, 'close');
  });
});

describe('other upgrades', () => {
  it.each(['h2c', 'websocket', 'TLS/1.0'])('get an ordinary answer: %s', async (protocol) => {
    const socket = await dialPlain({ path: daemon.socketPath });
    const request = `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
    const answer = await exchange(socket, request, /\n$/);
    expect(parseAnswer(answer).body).toContain('"metadata":["/1.0"]');
    socket.destroy();
  });
});
