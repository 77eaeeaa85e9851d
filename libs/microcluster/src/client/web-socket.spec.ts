import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { TLSSocket } from 'node:tls';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../certificates/index.js';
import { MicroclusterClient } from './index.js';
import { failure } from './recording-server.fixture.js';

let directory: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'web-socket-'));
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
  await rm(directory, { recursive: true, force: true });
});

const cluster = await generateKeyPair({ commonName: 'cluster' });
const identity = await generateKeyPair({ commonName: 'c2' });

type OnUpgrade = (request: http.IncomingMessage, socket: Duplex) => void;

/** What opening may take, and what the test waits for, milliseconds. */
const OPENING_LIMIT_MS = 2_000;

/** A server frame with a short text. */
const textFrame = (text: string) => Buffer.from([0x81, text.length, ...Buffer.from(text)]);

/** The text of a short, masked client frame. */
function readFrame(frame: Buffer): string {
  const mask = frame.subarray(2, 6);
  return frame
    .subarray(6)
    .map((byte, at) => byte ^ (mask[at % 4] ?? 0))
    .toString();
}

/** Agrees to an upgrade, with `glued` in the same write as the answer's head. */
function accept(request: http.IncomingMessage, socket: Duplex, glued = Buffer.alloc(0)): void {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const digest = createHash('sha1').update(key).digest('base64');
  const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${digest}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), glued]));
}

async function serve(server: http.Server, where: string | number, onUpgrade: OnUpgrade) {
  const sockets: Duplex[] = [];
  server.on('upgrade', (request, socket: Duplex) => {
    sockets.push(socket.on('error', () => undefined));
    onUpgrade(request, socket);
  });
  if (typeof where === 'string') server.listen(where);
  else server.listen(where, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return sockets;
}

async function local(onUpgrade: OnUpgrade) {
  const socketPath = path.join(directory, 'control.socket');
  const sockets = await serve(http.createServer(), socketPath, onUpgrade);
  const client = new MicroclusterClient({ socketPath });
  cleanups.push(() => client.close());
  return { client, sockets };
}

async function remote(onUpgrade: OnUpgrade, trusted = cluster.certificate) {
  const server = https.createServer({
    cert: cluster.certificate,
    key: cluster.privateKey,
    requestCert: true,
    rejectUnauthorized: false,
  });
  await serve(server, 0, onUpgrade);
  const bound = server.address();
  const address = `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  const client = new MicroclusterClient({ address, identity, trusted });
  cleanups.push(() => client.close());
  return { client, address };
}

const echo: OnUpgrade = (request, socket) => {
  accept(request, socket);
  socket.on('data', (frame: Buffer) => {
    if ((frame[0] ?? 0) === 0x81) socket.write(textFrame(`${request.url} ${readFrame(frame)}`));
  });
};

async function message(socket: EventTarget): Promise<unknown> {
  return new Promise((resolve) => {
    const read = (event: Event) => resolve('data' in event ? event.data : undefined);
    socket.addEventListener('message', read, { once: true });
  });
}

describe('a WebSocket', () => {
  it('talks over the control socket', async () => {
    const { client } = await local(echo);
    const socket = await client.webSocket('/1.0/events', { target: 'c2', query: { a: 'b' } });
    socket.send('hello');
    expect(await message(socket)).toBe('/1.0/events?a=b&target=c2 hello');
  });

  it('talks over mutual TLS, with our certificate, the Host of the member and the notification', async () => {
    const asked: http.IncomingMessage[] = [];
    const { client, address } = await remote((request, socket) => {
      asked.push(request);
      echo(request, socket);
    });
    const socket = await client.webSocket('/1.0/events', { notification: true });
    socket.send('hi');
    expect(await message(socket)).toBe('/1.0/events hi');
    const [request] = asked;
    expect(request?.headers).toMatchObject({
      host: address,
      'user-agent': 'lxd-cluster-notifier',
    });
    const shown = request?.socket;
    if (!(shown instanceof TLSSocket)) throw new Error('not a TLS connection');
    expect(shown.getPeerX509Certificate()?.toString()).toBe(identity.certificate);
  });

  it('loses no message that comes with the answer', async () => {
    const { client } = await local((request, socket) => {
      accept(request, socket, textFrame('first'));
    });
    expect(await message(await client.webSocket('/1.0/events'))).toBe('first');
  });

  it('is refused with the status and the words of the daemon', async () => {
    const text = failure(403, 'not authorized');
    const { client } = await local((_request, socket) => {
      const head = `HTTP/1.1 403 Forbidden\r\ncontent-length: ${text.length}\r\n\r\n`;
      socket.end(head + text);
    });
    await expect(client.webSocket('/1.0/events')).rejects.toMatchObject({
      code: 'REPLIED',
      status: 403,
      message: 'not authorized',
    });
  });

  it('is not opened where another certificate is shown', async () => {
    const { client } = await remote(echo, identity.certificate);
    await expect(client.webSocket('/1.0/events')).rejects.toMatchObject({ code: 'UNTRUSTED' });
  });

  it('is given up at the deadline, and when no daemon runs', async () => {
    const { client } = await local(() => undefined);
    await expect(client.webSocket('/1.0/events', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    const nobody = new MicroclusterClient({ socketPath: path.join(directory, 'none') });
    await expect(nobody.webSocket('/1.0/events')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('outlives its deadline, and is cut by its signal and by the end of the client', async () => {
    const { client, sockets } = await local(echo);
    const controller = new AbortController();
    const opening = performance.now();
    const first = await client.webSocket('/1.0/events', {
      timeoutMs: OPENING_LIMIT_MS,
      signal: controller.signal,
    });
    const second = await client.webSocket('/1.0/events');
    while (performance.now() < opening + OPENING_LIMIT_MS + 100) {
      first.send('alive');
      expect(await message(first)).toBe('/1.0/events alive');
    }

    const [firstSocket, secondSocket] = sockets.map((socket) => once(socket, 'end'));
    controller.abort();
    await firstSocket;
    second.send('alive');
    expect(await message(second)).toBe('/1.0/events alive');
    await client.close();
    await secondSocket;
  });
});
