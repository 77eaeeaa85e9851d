/** One application behind the control socket and TLS, from the first byte to the last. */
import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllowUntrusted, CoreApi, ServeUnix } from '../access/index.js';
import { fingerprintOf } from '../certificates/index.js';
import { CoreRoute, type CoreRequest } from './core-route.js';
import { TestDaemon } from './daemon.fixture.js';
import { dialPlain, dialSecure, exchange, parseAnswer, requestText } from './raw-client.fixture.js';

class Server {
  @CoreRoute('GET', '/core/1.0', { allowedBeforeInit: true, allowUntrusted: true })
  info(request: CoreRequest) {
    return { name: 'c1', trusted: request.context.trusted, peer: request.context.peer?.name ?? '' };
  }

  @CoreRoute('POST', '/core/control/tokens')
  add(request: CoreRequest) {
    return request.body;
  }
}

@CoreApi()
@ServeUnix()
@Controller('1.0/items')
class Items {
  @Get()
  list() {
    return ['<a>'];
  }

  @Get('open')
  @AllowUntrusted()
  open() {
    return 'ok';
  }

  @Post()
  create(@Body() body: unknown) {
    return body;
  }

  @Post('made')
  @HttpCode(201)
  made() {
    return { made: true };
  }

  @Get(':id')
  one(@Param('id') id: string) {
    return { id };
  }
}

let daemon: TestDaemon;
let port: number;

beforeAll(async () => {
  daemon = await TestDaemon.create(
    { controllers: [Items] },
    { prepare: (adapter) => adapter.serveCore(new Server()) },
  );
  await daemon.openUnix();
  port = await daemon.openTls('core');
  daemon.trusted.set(fingerprintOf(daemon.memberPair.certificate), {
    name: 'c2',
    address: '127.0.0.1:1',
  });
});

afterAll(async () => {
  await daemon.close();
});

const unix = async (text: string) =>
  parseAnswer(await exchange(await dialPlain({ path: daemon.socketPath }), text));

const tls = async (text: string, pair?: { certificate: string; privateKey: string }) =>
  parseAnswer(
    await exchange(
      await dialSecure({
        port,
        host: '127.0.0.1',
        ...(pair !== undefined && { cert: pair.certificate, key: pair.privateKey }),
      }),
      text,
    ),
  );

describe('one application on the control socket and on TLS', () => {
  it('answers the Core API on the socket in exactly the envelope', async () => {
    const answer = await unix(requestText('GET', '/core/1.0'));
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.body).toBe(
      '{"type":"sync","status":"Success","status_code":200,"operation":"","error_code":0,"error":"","metadata":{"name":"c1","trusted":true,"peer":""}}\n',
    );
  });

  it('recognises a trusted member by its certificate and the Host header', async () => {
    const host = { Host: `127.0.0.1:${port}` };
    const text = requestText('GET', '/core/1.0', host);
    expect((await tls(text, daemon.memberPair)).body).toContain('"trusted":true,"peer":"c2"');
    expect((await tls(text, daemon.strangerPair)).body).toContain('"trusted":false');
    expect((await tls(text)).body).toContain('"trusted":false');
    const elsewhere = requestText('GET', '/core/1.0', { Host: 'example.com' });
    expect((await tls(elsewhere, daemon.memberPair)).body).toContain('"trusted":false');
  });

  it('keeps the control prefix off the network', async () => {
    const text = requestText('POST', '/core/control/tokens', {}, '{"a":1}');
    expect((await unix(text)).body).toContain('"metadata":{"a":1}');
    const denied = await tls(text, daemon.memberPair);
    expect(denied.status).toBe(404);
    expect(denied.body).toBe(
      '{"type":"error","status":"","status_code":0,"operation":"","error_code":404,"error":"not found","metadata":null}\n\n',
    );
  });

  it('answers the controllers of the user in the envelope, 200 unless they ask for another status', async () => {
    expect((await unix(requestText('GET', '/1.0/items'))).body).toContain('"metadata":["<a>"]');
    expect((await unix(requestText('GET', '/1.0/items/7'))).body).toContain('{"id":"7"}');
    const json = { 'Content-Type': 'application/json' };
    const created = await unix(requestText('POST', '/1.0/items', json, '{"b":2}'));
    expect(created.status).toBe(200);
    expect(created.headers['content-type']).toBe('application/json');
    expect(created.body).toContain('"metadata":{"b":2}');
    const made = await unix(requestText('POST', '/1.0/items/made'));
    expect(made.status).toBe(201);
    expect(made.body).toContain('"status_code":201');
  });

  it('refuses strangers before it reads their body', async () => {
    const text = requestText('POST', '/1.0/items', { 'Content-Type': 'application/json' }, '{');
    const refused = await tls(text);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('"error":"not authorized"');
    expect((await tls(requestText('GET', '/1.0/items/open'))).body).toContain('"metadata":"ok"');
  });

  it('counts app.inject as the control socket', async () => {
    const answer = await daemon.adapter.inject({ url: '/1.0/items' });
    expect(answer.statusCode).toBe(200);
    const core = await daemon.adapter.inject('/core/1.0');
    expect(core.body).toContain('"trusted":true');
  });
});
