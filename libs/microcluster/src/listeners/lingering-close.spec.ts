/** A client that sends a large body gets the answer to it, however early the answer comes. */
import { Body, Controller, Post } from '@nestjs/common';
import { request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CoreApi, ServeUnix } from '../access/index.js';
import { CoreRoute } from './core-route.js';
import { TestDaemon } from './daemon.fixture.js';
import { dialPlain, parseAnswer, readUntil } from './raw-client.fixture.js';

const BODY = ' '.repeat(6 * 1024 * 1024);

class Endpoints {
  @CoreRoute('POST', '/core/1.0/sink')
  sink() {
    return {};
  }
}

@CoreApi()
@ServeUnix()
@Controller('sink')
class SinkController {
  @Post() sink(@Body() body: unknown): unknown {
    return body;
  }
}

let daemon: TestDaemon;
let port: number;

beforeAll(async () => {
  daemon = await TestDaemon.create(
    { controllers: [SinkController] },
    { prepare: (adapter) => adapter.serveCore(new Endpoints()) },
  );
  await daemon.openUnix();
  port = await daemon.openTls('core');
});
afterAll(() => daemon.close());

async function send(open: (options: RequestOptions) => ClientRequest, path: string) {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': BODY.length };
  const outgoing = open({ method: 'POST', path, headers, agent: false });
  const answered = once(outgoing, 'response');
  outgoing.end(BODY);
  const [incoming] = await answered;
  // What is still to be sent may fail when the test ends and closes its listeners.
  outgoing.on('error', () => undefined);
  return { status: Number(incoming.statusCode), body: await text(incoming) };
}
const overUnix = (options: RequestOptions) =>
  httpRequest({ ...options, socketPath: daemon.socketPath });
const overTls = (options: RequestOptions) =>
  httpsRequest({ ...options, host: '127.0.0.1', port, rejectUnauthorized: false });

describe('a body that nobody reads to its end', () => {
  it.each([
    ['too large for the Core API, over the socket', overUnix, '/core/1.0/sink', 413],
    ['of a stranger, over TLS', overTls, '/core/1.0/sink', 403],
    ["too large for a user's route, over the socket", overUnix, '/sink', 413],
    ["of a stranger for a user's route, over TLS", overTls, '/sink', 403],
    ['for no route, over TLS', overTls, '/core/nothing', 404],
  ])('%s', async (_, open, path, status) => {
    // Whether the answer gets lost is a race between two ends.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const answer = await send(open, path);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.body)).toMatchObject({ type: 'error', error_code: status });
    }
  });

  it('is cut when it does not end', async () => {
    const socket = await dialPlain({ path: daemon.socketPath });
    const head =
      'POST /core/1.0/sink HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `100000\r\n${' '.repeat(0x10_0000)}\r\n`;
    let sent = 0;
    const feed = () => {
      while (!socket.destroyed && socket.write(chunk)) sent += chunk.length;
    };
    socket.on('drain', feed);
    socket.write(head);
    feed();
    const answered = parseAnswer(await readUntil(socket, /"error_code":413/));
    expect(answered.status).toBe(413);
    if (!socket.destroyed) await once(socket, 'close');
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});
