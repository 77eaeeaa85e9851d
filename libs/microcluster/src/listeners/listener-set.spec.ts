/** Opening, closing and abusing real listeners. */
import { once } from 'node:events';
import { createServer as createPlainServer, type Socket } from 'node:net';
import { chmod, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf, generateKeyPair } from '../certificates/index.js';
import { CoreRoute } from './core-route.js';
import { TestDaemon } from './daemon.fixture.js';
import type { ListenerSetOptions } from './listener-set.js';
import {
  dialPlain,
  dialSecure,
  exchange,
  parseAnswer,
  readUntil,
  requestText,
} from './raw-client.fixture.js';
import { RawReply } from './raw-reply.js';

class Endpoints {
  release: (() => void) | undefined;
  started = 0;

  @CoreRoute('GET', '/core/1.0', { allowUntrusted: true })
  server() {
    return {};
  }

  @CoreRoute('GET', '/core/1.0/slow', { allowUntrusted: true })
  async slow() {
    this.started += 1;
    await new Promise<void>((resolve) => {
      this.release = resolve;
    });
    return 'done';
  }

  @CoreRoute('GET', '/core/1.0/last', { allowUntrusted: true, outlastsDrain: true })
  last() {
    return this.slow();
  }

  @CoreRoute('GET', '/core/1.0/stream', { allowUntrusted: true })
  stream() {
    const body = new PassThrough();
    body.write(': connected\n\n');
    return new RawReply(200, body, { 'Content-Type': 'text/event-stream' });
  }
}

/** Limits that a busy machine does not come near. */
const PATIENT = {
  headersTimeoutMs: 120_000,
  requestTimeoutMs: 120_000,
  keepAliveTimeoutMs: 120_000,
  clientHelloTimeoutMs: 120_000,
  handshakeTimeoutMs: 120_000,
  checkIntervalMs: 50,
};
/** One limit at a time is short, or the wrong one may cut a client that is only slow. */
const SHORT_MS = 300;

let daemon: TestDaemon;
let endpoints: Endpoints;

const start = async (listeners: ListenerSetOptions = {}) => {
  endpoints = new Endpoints();
  daemon = await TestDaemon.create(
    {},
    { listeners, prepare: (adapter) => adapter.serveCore(endpoints) },
  );
};

beforeEach(async () => {
  await start();
});

afterEach(async () => {
  endpoints.release?.();
  await daemon.close();
});

const ok = requestText('GET', '/core/1.0');
const keepAlive = requestText('GET', '/core/1.0', { Connection: '' });
const slow = requestText('GET', '/core/1.0/slow', { Connection: '' });

describe('the control socket', () => {
  it('is open to its owner and group alone', async () => {
    await daemon.openUnix();
    expect((await stat(daemon.socketPath)).mode & 0o777).toBe(0o660);
  });

  it('belongs to the group that was asked for', async () => {
    await daemon.listeners.openUnix({
      path: daemon.socketPath,
      group: String(process.getgid?.() ?? 0),
    });
    expect((await stat(daemon.socketPath)).gid).toBe(process.getgid?.());
  });

  it('refuses an unknown group and leaves no socket behind', async () => {
    await expect(
      daemon.listeners.openUnix({ path: daemon.socketPath, group: 'no-such-group' }),
    ).rejects.toMatchObject({ code: 'SOCKET_GROUP_UNKNOWN' });
    await expect(stat(daemon.socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses to take over a socket that answers', async () => {
    await daemon.openUnix();
    const other = await TestDaemon.create({});
    await expect(other.listeners.openUnix({ path: daemon.socketPath })).rejects.toThrow(
      `Unix socket at "${daemon.socketPath}" is already running`,
    );
    await other.close();
    expect(
      parseAnswer(await exchange(await dialPlain({ path: daemon.socketPath }), ok)).status,
    ).toBe(200);
  });

  it('replaces a socket that a killed daemon left behind', async () => {
    const dead = createPlainServer();
    dead.listen(daemon.socketPath);
    await once(dead, 'listening');
    // What remains after a crash is the file without anybody behind it.
    const copy = `${daemon.socketPath}.kept`;
    const { link } = await import('node:fs/promises');
    await link(daemon.socketPath, copy);
    dead.close();
    await once(dead, 'close');
    await link(copy, daemon.socketPath);
    await daemon.openUnix();
    expect(
      parseAnswer(await exchange(await dialPlain({ path: daemon.socketPath }), ok)).status,
    ).toBe(200);
  });

  it('never deletes a file that is no socket', async () => {
    await writeFile(daemon.socketPath, 'precious');
    await expect(daemon.openUnix()).rejects.toThrow(/exists and is not a socket/);
    expect((await stat(daemon.socketPath)).size).toBe(8);
  });

  it('says why it cannot be opened', async () => {
    const missing = path.join(daemon.directory, 'missing', 'control.socket');
    await expect(daemon.listeners.openUnix({ path: missing })).rejects.toMatchObject({
      code: 'SOCKET_LISTEN_FAILED',
    });
    expect(daemon.listeners.has('unix')).toBe(false);
  });

  it('is gone after it was closed', async () => {
    await daemon.openUnix();
    await daemon.listeners.close('unix');
    await expect(stat(daemon.socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
    await chmod(daemon.directory, 0o700);
  });
});

describe('a network listener', () => {
  it('speaks TLS 1.3 alone and asks for a certificate without verifying it', async () => {
    const port = await daemon.openTls('core');
    const socket = await dialSecure({ port, host: '127.0.0.1' });
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
    const old = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow(/protocol/i);
    const foreign = await dialSecure({
      port,
      host: '127.0.0.1',
      cert: daemon.strangerPair.certificate,
      key: daemon.strangerPair.privateKey,
    });
    expect(parseAnswer(await exchange(foreign, ok)).status).toBe(200);
  });

  it('speaks HTTP/1.1 with a client that offers no protocol, http/1.1, or both', async () => {
    const port = await daemon.openTls('core');
    for (const ALPNProtocols of [undefined, ['http/1.1'], ['h2', 'http/1.1']]) {
      const socket = await dialSecure({
        port,
        host: '127.0.0.1',
        ...(ALPNProtocols && { ALPNProtocols }),
      });
      expect(socket.alpnProtocol).toBe(ALPNProtocols === undefined ? false : 'http/1.1');
      expect(parseAnswer(await exchange(socket, ok)).status).toBe(200);
    }
  });

  it('refuses an address where something answers', async () => {
    const port = await daemon.openTls('core');
    await expect(daemon.openTls('other', `127.0.0.1:${port}`)).rejects.toThrow(
      `"tcp" listener with address "127.0.0.1:${port}" is already running`,
    );
    await expect(daemon.openTls('other', `0.0.0.0:${port}`)).rejects.toThrow(
      `"tcp4" listener with address "0.0.0.0:${port}" is already running`,
    );
    await expect(daemon.openTls('core')).rejects.toMatchObject({ code: 'LISTENER_NAME_TAKEN' });
  });

  it('refuses what is no address, one that is not ours, and a broken key pair', async () => {
    await expect(daemon.openTls('a', 'localhost:1')).rejects.toMatchObject({
      code: 'INVALID_LISTEN_ADDRESS',
    });
    await expect(daemon.openTls('a', '203.0.113.1:0')).rejects.toThrow(
      /Failed to listen on https socket: /,
    );
    await expect(
      daemon.listeners.openTls({
        name: 'a',
        address: '127.0.0.1:0',
        keyPair: { certificate: 'x', privateKey: 'y' },
      }),
    ).rejects.toMatchObject({ code: 'INVALID_KEY_PAIR', status: 400 });
    expect(daemon.listeners.has('a')).toBe(false);
  });

  it('swaps its certificate without dropping connections, and keeps it when the new one is bad', async () => {
    const port = await daemon.openTls('core');
    const first = await dialSecure({ port, host: '127.0.0.1' });
    const shown = first.getPeerX509Certificate()?.fingerprint256;
    const next = await generateKeyPair({ commonName: 'next' });
    expect(() =>
      daemon.listeners.setKeyPair('core', {
        certificate: next.certificate,
        privateKey: daemon.serverPair.privateKey,
      }),
    ).toThrow(/cannot be used/);
    const second = await dialSecure({ port, host: '127.0.0.1' });
    expect(second.getPeerX509Certificate()?.fingerprint256).toBe(shown);
    daemon.listeners.setKeyPair('core', next);
    const third = await dialSecure({ port, host: '127.0.0.1' });
    expect(third.getPeerX509Certificate()?.fingerprint256).not.toBe(shown);
    for (const socket of [first, second, third]) {
      expect(parseAnswer(await exchange(socket, ok)).status).toBe(200);
    }
    const old = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow(/protocol/i);
    expect(() => daemon.listeners.setKeyPair('nobody', next)).toThrow(/No listener named "nobody"/);
  });
});

describe('limits', () => {
  const restart = async (limits: Partial<typeof PATIENT>) => {
    await daemon.close();
    await start({ limits: { ...PATIENT, ...limits } });
  };
  const bodiless = 'GET /core/1.0 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc';

  /** Each limit after the connection is there, however it came about. */
  describe.each([
    [
      'socket',
      async () => {
        await daemon.openUnix();
        return () => dialPlain({ path: daemon.socketPath });
      },
    ],
    ...['core', 'pre-init', 'an-additional-server'].map(
      (name) =>
        [
          `listener ${name}`,
          async () => {
            const port = await daemon.openTls(name);
            return () => dialSecure({ port, host: '127.0.0.1' });
          },
        ] as const,
    ),
  ] as const)('on the %s', (_name, open) => {
    it.each([
      ['says nothing', ''],
      ['sends half a request line', 'GET /core'],
      ['never ends its headers', 'GET /core/1.0 HTTP/1.1\r\nHost: x\r\n'],
    ])('cut a client that %s', async (_what, bytes) => {
      await restart({ headersTimeoutMs: SHORT_MS });
      const dial = await open();
      expect(parseAnswer(await exchange(await dial(), bytes)).status).toBe(408);
    });

    it('cut a client that sends its headers byte by byte', async () => {
      await restart({ headersTimeoutMs: SHORT_MS });
      const dial = await open();
      const socket = await dial();
      const drip = setInterval(() => socket.write('x'), 20);
      socket.write('GET /core/1.0 HTTP/1.1\r\nX-Slow: ');
      expect(parseAnswer(await readUntil(socket)).status).toBe(408);
      clearInterval(drip);
    });

    it('cut a client that never ends its body', async () => {
      await restart({ headersTimeoutMs: SHORT_MS, requestTimeoutMs: SHORT_MS });
      const dial = await open();
      const socket = await dial();
      await exchange(socket, bodiless);
      expect(socket.readableEnded || socket.destroyed).toBe(true);
    });

    it('end a connection that idles', async () => {
      await restart({ keepAliveTimeoutMs: SHORT_MS });
      const dial = await open();
      const socket = await dial();
      // An additional server has no such endpoint, and says so.
      expect(await exchange(socket, keepAlive)).toMatch(/^HTTP\/1\.1 (200|404) /);
      expect(socket.readableEnded).toBe(true);
    });

    it('refuse too many headers, also to a client that goes on sending them', async () => {
      const dial = await open();
      const big = requestText('GET', '/core/1.0', { 'X-Big': 'x'.repeat(1_000_000) });
      const { status, body } = parseAnswer(await exchange(await dial(), big));
      expect(status).toBe(431);
      expect(JSON.parse(body)).toMatchObject({ type: 'error', error_code: 431 });
    });
  });

  it.each([
    ['says nothing', Buffer.alloc(0)],
    ['stops inside its ClientHello', Buffer.from([0x16, 3, 1, 2, 0, 1])],
    ['speaks something else', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('cut a network client that %s', async (_what, bytes) => {
    await restart({ clientHelloTimeoutMs: SHORT_MS });
    const port = await daemon.openTls('core');
    const socket = await dialPlain({ port, host: '127.0.0.1' });
    expect(await exchange(socket, bytes.toString('latin1'))).toBe('');
  });

  it('cut a client that stops in the middle of the handshake', async () => {
    await restart({ handshakeTimeoutMs: SHORT_MS });
    const port = await daemon.openTls('core');
    const relay = await dialPlain({ port, host: '127.0.0.1' });
    // A ClientHello that is complete but never followed by anything.
    relay.write(await captureClientHello());
    await readUntil(relay);
    expect(relay.readableEnded || relay.destroyed).toBe(true);
  });

  it('cut a client that goes on sending after its headers were refused', async () => {
    const port = await daemon.openTls('core');
    const raw = await dialPlain({ port, host: '127.0.0.1', allowHalfOpen: true });
    const socket = await dialSecure({ socket: raw });
    const chunk = Buffer.alloc(0x10_0000, 'x');
    let sent = 0;
    const send = () => {
      while (!socket.destroyed && socket.write(chunk)) sent += chunk.length;
    };
    socket.on('drain', send);
    socket.write('GET /core/1.0 HTTP/1.1\r\nHost: x\r\nX-Big: ');
    send();
    expect(parseAnswer(await readUntil(socket, /\n\n$/)).status).toBe(431);
    await expect.poll(() => socket.destroyed).toBe(true);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('a request that Node itself would refuse without a word', () => {
  it.each([
    ['lacks the Host header', 400, /no Host header/, 'GET /core/1.0 HTTP/1.1\r\n\r\n'],
    [
      'expects what nobody knows',
      417,
      /100-continue/,
      'GET /core/1.0 HTTP/1.1\r\nHost: x\r\nExpect: mercy\r\n\r\n',
    ],
  ])('gets an envelope when it %s', async (_what, status, text, request) => {
    const port = await daemon.openTls('core');
    const answer = parseAnswer(
      await exchange(await dialSecure({ port, host: '127.0.0.1' }), request),
    );
    expect([answer.status, answer.headers['connection']]).toEqual([status, 'close']);
    expect(JSON.parse(answer.body)).toMatchObject({
      type: 'error',
      error_code: status,
      error: expect.stringMatching(text),
    });
  });

  it('is answered in HTTP/1.0, which knows no Host header', async () => {
    const port = await daemon.openTls('core');
    const socket = await dialSecure({ port, host: '127.0.0.1' });
    const answer = await exchange(socket, 'GET /core/1.0 HTTP/1.0\r\n\r\n');
    expect(parseAnswer(answer).status).toBe(200);
  });
});

describe('more connections of strangers than a listener keeps', () => {
  const members = new Set<string>();

  beforeEach(async () => {
    await daemon.close();
    members.clear();
    await start({
      // Nobody is cut for being slow.
      limits: {
        maxUntrustedConnections: 3,
        clientHelloTimeoutMs: 200_000,
        headersTimeoutMs: 200_000,
      },
      isMember: (fingerprint) => members.has(fingerprint),
    });
  });

  it.each([
    ['say nothing', (port: number) => dialPlain({ port, host: '127.0.0.1' })],
    ['finished their handshakes', (port: number) => dialSecure({ port, host: '127.0.0.1' })],
  ])('that %s close the oldest, never the newest', async (_what, dial) => {
    const port = await daemon.openTls('core');
    const oldest = await dial(port);
    const kept = [await dial(port), await dial(port)];
    const newest = await dialSecure({ port, host: '127.0.0.1' });
    expect(await readUntil(oldest)).toBe('');
    expect(kept.some(({ readableEnded, destroyed }) => readableEnded || destroyed)).toBe(false);
    expect(parseAnswer(await exchange(newest, ok)).status).toBe(200);
    for (const socket of kept) socket.destroy();
  });

  it('spare the one whose request is the latest', async () => {
    const port = await daemon.openTls('core');
    const dial = () => dialSecure({ port, host: '127.0.0.1' });
    const active = await dial();
    const [quiet, other] = [await dial(), await dial()];
    await exchange(active, keepAlive, /\}\n$/);
    const newest = await dial();
    expect(await readUntil(quiet)).toBe('');
    expect(parseAnswer(await exchange(active, ok)).status).toBe(200);
    for (const socket of [other, newest]) socket.destroy();
  });

  it('never close the connection of a member', async () => {
    const port = await daemon.openTls('core');
    members.add(fingerprintOf(daemon.memberPair.certificate));
    const { certificate: cert, privateKey: key } = daemon.memberPair;
    const member = await dialSecure({ port, host: '127.0.0.1', cert, key });
    const strangers: Socket[] = [];
    for (let count = 0; count < 8; count += 1) {
      strangers.push(await dialSecure({ port, host: '127.0.0.1' }));
    }
    expect(parseAnswer(await exchange(member, ok)).status).toBe(200);
    for (const socket of strangers) socket.destroy();
  });
});

describe('settling', () => {
  const LONG_MS = 600_000;
  const dial = () => dialPlain({ path: daemon.socketPath });

  beforeEach(() => daemon.openUnix());

  it('waits for requests in flight, and goes on to serve others', async () => {
    const busy = await dial();
    const answer = exchange(busy, slow, /\}\n$/);
    await expect.poll(() => endpoints.started).toBe(1);
    let isSettled = false;
    const settled = daemon.listeners.settle('unix', LONG_MS).finally(() => {
      isSettled = true;
    });
    expect(parseAnswer(await exchange(await dial(), ok)).status).toBe(200);
    expect(isSettled).toBe(false);
    endpoints.release?.();
    expect(parseAnswer(await answer).status).toBe(200);
    expect(await settled).toBe(0);
    expect(parseAnswer(await exchange(busy, ok)).status).toBe(200);
  });

  it('cuts what takes longer, and nothing else', async () => {
    const idle = await dial();
    await exchange(idle, keepAlive, /\}\n$/);
    const busy = await dial();
    const answer = exchange(busy, slow);
    await expect.poll(() => endpoints.started).toBe(1);
    expect(await daemon.listeners.settle('unix', 50)).toBe(1);
    expect(await answer).toBe('');
    expect(parseAnswer(await exchange(idle, ok)).status).toBe(200);
  });

  it('is over when a client goes away', async () => {
    const busy = await dial();
    busy.write(slow);
    await expect.poll(() => endpoints.started).toBe(1);
    const settled = daemon.listeners.settle('unix', LONG_MS);
    busy.destroy();
    expect(await settled).toBe(0);
  });

  it('waits neither for what outlasts a drain nor for streams of events', async () => {
    const last = await dial();
    last.write(requestText('GET', '/core/1.0/last'));
    await expect.poll(() => endpoints.started).toBe(1);
    const stream = await dial();
    await exchange(stream, requestText('GET', '/core/1.0/stream'), /: connected/);
    expect(await daemon.listeners.settle('unix', LONG_MS)).toBe(0);
    endpoints.release?.();
    expect(parseAnswer(await readUntil(last)).status).toBe(200);
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });

  it('does nothing without a limit, or without the listener', async () => {
    const busy = await dial();
    const answer = exchange(busy, slow, /\}\n$/);
    await expect.poll(() => endpoints.started).toBe(1);
    expect(await daemon.listeners.settle('unix', 0)).toBe(0);
    expect(await daemon.listeners.settle('nobody', LONG_MS)).toBe(0);
    endpoints.release?.();
    expect(parseAnswer(await answer).status).toBe(200);
  });
});

describe('closing', () => {
  it('cuts everything at once without a drain time', async () => {
    await daemon.openUnix();
    const busy = await dialPlain({ path: daemon.socketPath });
    const answer = exchange(busy, slow);
    await expect.poll(() => endpoints.started).toBe(1);
    expect(await daemon.listeners.close('unix', { drainMs: 0 })).toBe(1);
    expect(await answer).toBe('');
  });

  it('finishes requests in flight, ends idle and silent connections, accepts nothing more', async () => {
    const port = await daemon.openTls('core');
    const silent = await dialPlain({ port, host: '127.0.0.1' });
    const idle = await dialSecure({ port, host: '127.0.0.1' });
    await exchange(idle, keepAlive, /\}\n$/);
    const busy = await dialSecure({ port, host: '127.0.0.1' });
    const answer = exchange(busy, slow);
    await expect.poll(() => endpoints.started).toBe(1);

    const closed = daemon.listeners.close('core', { drainMs: 10_000 });
    expect(await readUntil(idle)).toBe('');
    expect(await readUntil(silent)).toBe('');
    await expect(dialPlain({ port, host: '127.0.0.1' })).rejects.toThrow(/ECONNREFUSED/);
    endpoints.release?.();
    const { status, headers, body } = parseAnswer(await answer);
    expect([status, headers['connection']]).toEqual([200, 'close']);
    expect(body).toContain('"metadata":"done"');
    expect(await closed).toBe(0);
  });

  it('answers a first request that was on its way, and tells its client to close', async () => {
    const port = await daemon.openTls('core');
    const fresh = await dialSecure({ port, host: '127.0.0.1' });
    const closed = daemon.listeners.close('core', { drainMs: 10_000 });
    const { status, headers } = parseAnswer(await exchange(fresh, keepAlive));
    expect([status, headers['connection']]).toEqual([200, 'close']);
    expect(await closed).toBe(0);
  });

  it('cuts at the deadline', async () => {
    const port = await daemon.openTls('core', '127.0.0.1:0', 150);
    const busy = await dialSecure({ port, host: '127.0.0.1' });
    const answer = exchange(busy, slow);
    await expect.poll(() => endpoints.started).toBe(1);
    expect(await daemon.listeners.close('core')).toBe(1);
    expect(await answer).toBe('');
  });

  it('retires a listener while one of its requests goes on', async () => {
    const port = await daemon.openTls('pre-init');
    const busy = await dialSecure({ port, host: '127.0.0.1' });
    const answer = exchange(busy, slow);
    await expect.poll(() => endpoints.started).toBe(1);
    daemon.listeners.retire('pre-init', { drainMs: 10_000 });
    expect(daemon.listeners.has('pre-init')).toBe(false);
    await expect
      .poll(() =>
        daemon.openTls('core', `127.0.0.1:${port}`).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    endpoints.release?.();
    expect(parseAnswer(await answer).status).toBe(200);
    expect(await daemon.listeners.closeAll({ drainMs: 10_000 })).toBe(0);
  });

  /** Retires a listener while a request on it goes on. @returns what its client reads until the end */
  const retireBusy = async (drainMs: number) => {
    const port = await daemon.openTls('pre-init');
    const busy = await dialSecure({ port, host: '127.0.0.1' });
    const answer = exchange(busy, slow);
    await expect.poll(() => endpoints.started).toBe(1);
    daemon.listeners.retire('pre-init', { drainMs });
    return { answer };
  };

  it.each([
    ['at once without a drain time', 0],
    ['at its deadline', 150],
  ])('all cuts a retired listener that had longer, %s', async (_when, drainMs) => {
    const { answer } = await retireBusy(3_600_000);
    expect(await daemon.listeners.closeAll({ drainMs })).toBe(1);
    expect(await answer).toBe('');
  });

  it('all leaves a retired listener its own deadline when that is earlier', async () => {
    const { answer } = await retireBusy(150);
    expect(await daemon.listeners.closeAll({ drainMs: 3_600_000 })).toBe(1);
    expect(await answer).toBe('');
  });

  it('is asked for twice without harm', async () => {
    await daemon.openUnix();
    expect(
      await Promise.all([daemon.listeners.close('unix'), daemon.listeners.close('unix')]),
    ).toEqual([0, 0]);
    await daemon.openUnix();
    expect(
      parseAnswer(await exchange(await dialPlain({ path: daemon.socketPath }), ok)).status,
    ).toBe(200);
  });
});

/** The first flight of a TLS client. */
async function captureClientHello(): Promise<Buffer> {
  const server = createPlainServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const client = connectTls({ port: address.port, host: '127.0.0.1' });
  client.on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  client.destroy();
  server.close();
  await wait(0);
  return bytes;
}
