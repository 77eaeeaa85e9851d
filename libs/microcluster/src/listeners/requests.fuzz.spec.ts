/** Bytes that almost are requests, on real sockets: each connection comes to an end, and the daemon goes on. */
import { X509Certificate } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type ConnectionOptions } from 'node:tls';
import { Body, Controller, Post } from '@nestjs/common';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { casesOf } from '../../../dqlite/src/fuzz/cases.fixture.js';
import { mutated } from '../../../dqlite/src/fuzz/mutated.fixture.js';
import { CoreApi, ServeUnix } from '../access/index.js';
import { CoreRoute, type CoreRequest } from './core-route.js';
import { TestDaemon } from './daemon.fixture.js';
import { dialPlain, dialSecure, exchange, parseAnswer, requestText } from './raw-client.fixture.js';

/** A connection whose client has said everything is over by then, however busy the machine. */
const LIMIT_MS = 20_000;

class Endpoints {
  @CoreRoute('GET', '/core/1.0', { allowUntrusted: true })
  server() {
    return {};
  }

  @CoreRoute('POST', '/core/internal/cluster', { allowUntrusted: true, maxBodyBytes: 10_000 })
  add(request: CoreRequest) {
    return request.body;
  }

  @CoreRoute('DELETE', '/core/1.0/tokens/{name}')
  remove(request: CoreRequest) {
    return request.params;
  }
}

@CoreApi()
@ServeUnix()
@Controller('things/:id')
class Things {
  @Post() echo(@Body() body: unknown) {
    return body;
  }
}

let daemon: TestDaemon;
let port: number;

beforeAll(async () => {
  daemon = await TestDaemon.create(
    { controllers: [Things] },
    {
      prepare: (adapter) => {
        adapter.serveCore(new Endpoints());
        adapter.serveTunnel(({ socket }) => {
          socket.on('error', () => undefined).resume();
          socket.end();
        });
      },
    },
  );
  await daemon.openUnix();
  port = await daemon.openTls('core');
});
afterAll(() => daemon.close());

const json = '{"name":"c1","address":"10.0.0.1:8443","list":[1,2,3]}';
const corpus = [
  requestText('GET', '/core/1.0'),
  requestText('GET', '/core/1.0', { Connection: '' }).repeat(3),
  requestText('POST', '/core/internal/cluster', {}, json),
  requestText('POST', '/things/7?target=c2', { 'Content-Type': 'application/json' }, json),
  requestText('DELETE', '/core/1.0/tokens/a%2fb'),
  'POST /core/internal/cluster HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2;a=b\r\n2]\r\n0\r\nTrailer: x\r\n\r\n',
  'POST /core/internal/database HTTP/1.1\r\nHost: x\r\nUpgrade: dqlite\r\nX-Dqlite-Version: 1\r\nContent-Length: 0\r\n\r\n\x01\0\0\0\0\0\0\0',
  'GET /things/7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  'CONNECT 10.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET https://10.0.0.1:8443/core/1.0 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}',
  'GET / HTTP/1.0\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
];
const WORDS = [
  '\r\n\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Upgrade: dqlite\r\n',
  'Connection: Upgrade\r\n',
  'Connection: keep-alive\r\n',
  'Host: \r\n',
  'Expect: x\r\n',
  'User-Agent: lxd-cluster-notifier\r\n',
  ' HTTP/1.1\r\n',
  'ffffffffffffffff\r\n',
  '0\r\n\r\n',
  '%',
  '%00',
  '?',
  '//',
  '..',
  `X-Long: ${'x'.repeat(70_000)}\r\n`,
];
const bytes = mutated(corpus, WORDS);

/** Sends everything at once, or in pieces, says so, and reads to the end of the connection. */
async function talk(open: () => Socket, sent: Buffer, pieces: number): Promise<string> {
  const socket = open();
  socket.on('error', () => undefined);
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
  });
  const size = Math.max(1, Math.ceil(sent.length / pieces));
  for (let at = 0; at < sent.length; at += size) {
    socket.write(sent.subarray(at, at + size));
    if (pieces > 1) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  await closed(socket);
  return received;
}

/** @throws Error when the connection is still open at the limit */
function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      socket.destroy();
      reject(new Error('the connection is still open'));
    }, LIMIT_MS);
    socket.once('close', () => {
      clearTimeout(limit);
      resolve();
    });
  });
}

const overUnix = () => connect({ path: daemon.socketPath });
const overTls = (options: ConnectionOptions = {}) =>
  connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });

/** Every answer among what came back is one that a client can do something with. */
function expectAnswers(received: string): void {
  const statuses = [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status);
  if (received !== '') expect(received).toMatch(/^HTTP\/1\.1 \d{3} /);
  expect(statuses).not.toContain('500');
  expect(received).not.toMatch(/\n\s+at /);
}

async function expectAlive(): Promise<void> {
  const request = requestText('GET', '/core/1.0');
  const local = await exchange(await dialPlain({ path: daemon.socketPath }), request);
  const remote = await exchange(await dialSecure({ host: '127.0.0.1', port }), request);
  expect([local, remote].map((text) => parseAnswer(text).status)).toEqual([200, 200]);
}

describe('bytes that are no request', () => {
  it('end their connection on the control socket with an answer or without', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 4 }), async (sent, pieces) => {
        expectAnswers(await talk(overUnix, sent, pieces));
      }),
    );
    await expectAlive();
  });

  it('end their connection on a network listener, where a stranger is not let in', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 4 }), async (sent, pieces) => {
        const received = await talk(overTls, sent, pieces);
        expectAnswers(received);
        expect(received).not.toContain('101 Switching Protocols');
      }),
      casesOf(0.5),
    );
    await expectAlive();
  });

  it('end their connection on a network listener when they come instead of a handshake', async () => {
    const plain = () => connect({ host: '127.0.0.1', port });
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 4 }), async (sent, pieces) => {
        const received = await talk(plain, sent, pieces);
        // A TLS alert at most.
        expect(received.slice(0, 1)).toSatisfy((type: string) => ['', '\x15'].includes(type));
      }),
      casesOf(0.5),
    );
    await expectAlive();
  });
});

describe('a certificate of a stranger', () => {
  it('gets the answer of a stranger whatever it says of itself', async () => {
    const { certificate, privateKey } = daemon.strangerPair;
    const der = new X509Certificate(certificate).raw;
    const edited = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(edited, async (edits) => {
        const copy = Buffer.from(der);
        for (const [at, byte] of edits) copy[at % copy.length] = byte;
        const options = usable(copy, privateKey);
        if (options === undefined) return;
        const request = requestText('DELETE', '/core/1.0/tokens/x', { Host: daemon.ownAddress });
        const received = await talk(() => overTls(options), Buffer.from(request), 1);
        expect(received).toMatch(/^(HTTP\/1\.1 403 |$)/);
      }),
      casesOf(0.5),
    );
    await expectAlive();
  });
});

describe('all that was sent here', () => {
  it('has left no connection behind', async () => {
    expect(await daemon.listeners.closeAll({ drainMs: LIMIT_MS })).toBe(0);
  });
});

/** TLS options with the certificate; undefined where this side would not show it. */
function usable(der: Buffer, key: string): ConnectionOptions | undefined {
  try {
    const parsed = new X509Certificate(der);
    return { secureContext: createSecureContext({ cert: parsed.toString(), key }) };
  } catch {
    return undefined;
  }
}
