/** Websockets, server-sent events, streams of files and multipart uploads of the user, on every listener. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import multipart from '@fastify/multipart';
import websocket from '@fastify/websocket';
import {
  Body,
  Controller,
  Get,
  Post,
  Req,
  Res,
  Sse,
  StreamableFile,
  type INestApplication,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Subject } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { AllowUntrusted, CoreApi, ServeUnix, Server } from '../access/index.js';
import { fingerprintOf } from '../certificates/index.js';
import { TestDaemon } from './daemon.fixture.js';
import { EnvelopeExceptionFilter } from './envelope-exception-filter.js';
import type { MicroclusterAdapter } from './microcluster-adapter.js';
import {
  dialPlain,
  dialSecure,
  exchange,
  parseAnswer,
  readUntil,
  requestText,
} from './raw-client.fixture.js';

const FILE = randomBytes(3 * 1024 * 1024);
const ticks = new Subject<{ data: string }>();
let file = '';
let daemon: TestDaemon;
let ports: Readonly<Record<string, number>> = {};

/** What both controllers serve; the one for the additional server is not on the others. */
abstract class Streams {
  @Sse('ticks') ticks() {
    return ticks;
  }
  @Get('file') file() {
    return new StreamableFile(createReadStream(file));
  }
  @Get('reply') reply(@Res() reply: FastifyReply) {
    void reply.type('application/octet-stream').send(createReadStream(file));
  }
  @Post('upload') async upload(@Req() request: FastifyRequest) {
    const part = await request.file();
    const bytes = await part?.toBuffer();
    return { name: part?.filename, size: bytes?.length, same: bytes?.equals(FILE) };
  }
  @Post('body') body(@Body() body: unknown) {
    return body;
  }
}

@CoreApi()
@ServeUnix()
@AllowUntrusted()
@Controller('streams')
class OnCore extends Streams {}

@Server('side')
@AllowUntrusted()
@Controller('streams')
class OnSide extends Streams {}

async function configure(app: INestApplication): Promise<void> {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  await fastify.register(multipart, { limits: { fileSize: 16 * 1024 * 1024 } });
  await fastify.register(websocket);
  for (const name of ['everywhere', 'trusted']) {
    fastify.get(`/echo/${name}`, { websocket: true }, (socket) => {
      socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`));
    });
  }
}

beforeAll(async () => {
  daemon = await TestDaemon.create(
    {
      controllers: [OnCore, OnSide],
      providers: [{ provide: APP_FILTER, useClass: EnvelopeExceptionFilter }],
    },
    {
      prepare: (adapter) => {
        adapter.assignPath('/echo', { coreApi: true, serveUnix: true });
      },
      configure,
    },
  );
  file = path.join(daemon.directory, 'file');
  await writeFile(file, FILE);
  await daemon.openUnix();
  ports = { core: await daemon.openTls('core'), side: await daemon.openTls('side') };
});
afterAll(() => daemon.close());

const LISTENERS = ['unix', 'core', 'side'];

async function dial(listener: string) {
  return listener === 'unix'
    ? dialPlain({ path: daemon.socketPath })
    : dialSecure({ host: '127.0.0.1', port: ports[listener] ?? 0 });
}

/** A request for a websocket. */
function websocketText(path: string): string {
  return requestText('GET', path, {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  });
}

/** The bytes of an answer's body. */
async function bytesOf(listener: string, request: string): Promise<Buffer> {
  const socket = await dial(listener);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(request);
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

describe.each(LISTENERS)('on the listener %s', (listener) => {
  it('server-sent events arrive as they happen', async () => {
    const socket = await dial(listener);
    socket.write(requestText('GET', '/streams/ticks'));
    const timer = setInterval(() => ticks.next({ data: 'tick' }), 20);
    const text = await readUntil(socket, /data: tick[^]*data: tick/);
    clearInterval(timer);
    socket.destroy();
    expect(text).toMatch(/content-type: text\/event-stream/i);
  });

  it.each(['file', 'reply'])('a file is streamed, byte for byte (%s)', async (how) => {
    const answer = await bytesOf(listener, requestText('GET', `/streams/${how}`));
    const head = answer.subarray(0, answer.indexOf('\r\n\r\n')).toString();
    expect(head).toMatch(/^HTTP\/1\.1 200/);
    const body = head.includes('chunked') ? unchunk(answer) : answer.subarray(-FILE.length);
    expect(body.equals(FILE)).toBe(true);
  });

  it('an upload arrives whole, beyond the limit of other bodies', async () => {
    const boundary = 'xxBOUNDARYxx';
    const body = Buffer.concat([
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="f.bin"\r\n` +
          'Content-Type: application/octet-stream\r\n\r\n',
      ),
      FILE,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const socket = await dial(listener);
    socket.write(
      requestText('POST', '/streams/upload', {
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
        'Content-Length': String(body.length),
      }),
    );
    const { status, body: text } = parseAnswer(await exchange(socket, body));
    expect(text).toContain(`{"name":"f.bin","size":${FILE.length},"same":true}`);
    expect(status).toBe(200);
  });

  it('a body beyond the limit is refused with 413 in the envelope', async () => {
    const socket = await dial(listener);
    const head = requestText('POST', '/streams/body', {
      'Content-Type': 'application/json',
      'Content-Length': String(64 * 1024 * 1024),
    });
    const { status, body } = parseAnswer(await exchange(socket, head));
    expect(status).toBe(413);
    expect(body).toContain('"type":"error"');
  });
});

describe('websockets', () => {
  const url = (listener: string) =>
    listener === 'unix'
      ? `ws+unix://${daemon.socketPath}:/echo/everywhere`
      : `wss://127.0.0.1:${ports[listener]}/echo/everywhere`;
  it('are served on the socket, and to members on the network', async () => {
    const print = fingerprintOf(daemon.memberPair.certificate);
    daemon.trusted.set(print, { name: 'c2', address: '127.0.0.1:1' });
    for (const listener of ['unix', 'core']) {
      const socket = new WebSocket(url(listener), {
        rejectUnauthorized: false,
        cert: daemon.memberPair.certificate,
        key: daemon.memberPair.privateKey,
        headers: { Host: daemon.ownAddress },
      });
      await once(socket, 'open');
      socket.send(listener);
      const [data]: unknown[] = await once(socket, 'message');
      expect(String(data)).toBe(`echo ${listener}`);
      socket.close();
      await once(socket, 'close');
    }
  });

  it('are served also where no request came before', async () => {
    const prepare = (adapter: MicroclusterAdapter) => {
      adapter.assignPath('/echo', { serveUnix: true });
    };
    const fresh = await TestDaemon.create({}, { prepare, configure });
    onTestFinished(() => fresh.close());
    const socketPath = await fresh.openUnix();
    const sockets = [1, 2].map(() => new WebSocket(`ws+unix://${socketPath}:/echo/everywhere`));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    expect(sockets.map(({ readyState }) => readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
    for (const socket of sockets) socket.close();
    await Promise.all(sockets.map((socket) => once(socket, 'close')));
  });

  it('pass the same checks as requests', async () => {
    const refusal = async (listener: string) => {
      const socket = new WebSocket(url(listener), { rejectUnauthorized: false });
      const [error]: unknown[] = await once(socket, 'error');
      return error instanceof Error ? error.message : '';
    };
    expect(await refusal('core')).toMatch(/403/);
    expect(await refusal('side')).toMatch(/404/);
    daemon.shuttingDown = true;
    expect(await refusal('unix')).toMatch(/503/);
    daemon.shuttingDown = false;
  });
});

it('a drain of the control socket waits neither for event streams nor for websockets', async () => {
  const streaming = await dialPlain({ path: daemon.socketPath });
  const accept = { Accept: 'text/event-stream' };
  await exchange(streaming, requestText('GET', '/streams/ticks', accept), /text\/event-stream/i);
  const upgraded = new WebSocket(`ws+unix://${daemon.socketPath}:/echo/everywhere`);
  await once(upgraded, 'open');
  expect(await daemon.listeners.settle('unix', 600_000)).toBe(0);
  expect([streaming.destroyed, upgraded.readyState]).toEqual([false, WebSocket.OPEN]);
  streaming.destroy();
  upgraded.close();
  await once(upgraded, 'close');
});

describe('a websocket that is refused', () => {
  const refused = async (listener: string, path: string) => {
    const socket = await dial(listener);
    const head = await exchange(socket, websocketText(path), /\r\n\r\n/);
    const { status, headers } = parseAnswer(head);
    return { socket, answer: [status, headers['connection']] };
  };

  it.each([
    ['that strangers may not open', 'core', '/echo/everywhere', 403],
    ['that its listener does not serve', 'side', '/echo/everywhere', 404],
    ['for a path that no route has', 'unix', '/echo/nobody', 404],
    ['for a path that has other methods alone', 'unix', '/streams/upload', 501],
  ])('%s is told to close, and its connection ends', async (_, listener, path, status) => {
    const { socket, answer } = await refused(listener, path);
    expect(answer).toEqual([status, 'close']);
    await readUntil(socket);
  });

  it('while the daemon shuts down is told to close, and its connection ends', async () => {
    daemon.shuttingDown = true;
    const { socket, answer } = await refused('unix', '/echo/everywhere').finally(() => {
      daemon.shuttingDown = false;
    });
    expect(answer).toEqual([503, 'close']);
    await readUntil(socket);
  });

  it('after the application has closed is told to close, and its connection ends', async () => {
    const closed = await TestDaemon.create({}, { configure });
    onTestFinished(() => closed.close());
    const socketPath = await closed.openUnix();
    await exchange(await dialPlain({ path: socketPath }), requestText('GET', '/any'));
    await closed.app?.close();
    const socket = await dialPlain({ path: socketPath });
    const { status, headers } = parseAnswer(await exchange(socket, websocketText('/any')));
    expect([status, headers['connection']]).toEqual([503, 'close']);
  });
});

describe('when a listener closes', () => {
  const ask = (socket: Socket, text: string, until: RegExp) => {
    const timer = setInterval(() => ticks.next({ data: 'tick' }), 20);
    return exchange(socket, text, until).finally(() => clearInterval(timer));
  };

  /** Opens the socket again under another path, with a websocket and a stream of events on it. */
  async function busy() {
    const socketPath = path.join(daemon.directory, `${randomBytes(4).toString('hex')}.socket`);
    await daemon.listeners.close('unix');
    await daemon.listeners.openUnix({ path: socketPath });
    const [upgraded, streaming, loading] = [
      await dialPlain({ path: socketPath }),
      await dialPlain({ path: socketPath }),
      await dialPlain({ path: socketPath }),
    ];
    await ask(upgraded, websocketText('/echo/everywhere'), /101 Switching Protocols[^]*\r\n\r\n/);
    await ask(streaming, requestText('GET', '/streams/ticks'), /data: tick/);
    // Its reader has not taken it all, so that it is still being sent.
    loading.pause();
    loading.write(requestText('GET', '/streams/file'));
    await expect.poll(() => loading.readableLength).toBeGreaterThan(0);
    return { upgraded, streaming, loading };
  }

  it('without a limit, upgraded and streaming connections are cut at once', async () => {
    const { upgraded, streaming, loading } = await busy();
    expect(await daemon.listeners.close('unix', { drainMs: 0 })).toBe(3);
    await Promise.all([readUntil(upgraded), readUntil(streaming), readUntil(loading)]);
  });

  it('with a limit, they go on until then, and what ends before is whole', async () => {
    const { upgraded, streaming, loading } = await busy();
    const closed = daemon.listeners.close('unix', { drainMs: 1_500 });
    expect(await ask(streaming, '', /data: tick[^]*data: tick/)).toContain('tick');
    let size = 0;
    loading.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    loading.resume();
    await once(loading, 'close');
    expect(size).toBeGreaterThan(FILE.length);
    expect(upgraded.readableEnded || upgraded.destroyed).toBe(false);
    expect(await closed).toBe(2);
    await Promise.all([readUntil(upgraded), readUntil(streaming)]);
  });
});

/** The body of an answer that came in chunks. */
function unchunk(answer: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = answer.indexOf('\r\n\r\n') + 4; ;) {
    const end = answer.indexOf('\r\n', at);
    const size = Number.parseInt(answer.subarray(at, end).toString(), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(answer.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
