/** The Core API's router on real sockets: raw paths, methods, bodies (`spec/core-api.md` 5.1). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../certificates/index.js';
import { MicroclusterError } from '../errors/index.js';
import { CoreRoute, type CoreRequest } from './core-route.js';
import { TestDaemon } from './daemon.fixture.js';
import { EMPTY_REPLY } from './raw-reply.js';
import { dialPlain, dialSecure, exchange, parseAnswer, requestText } from './raw-client.fixture.js';

const afterwards: string[] = [];

class Endpoints {
  @CoreRoute('GET', '/core/1.0', { allowedBeforeInit: true, allowUntrusted: true })
  server() {
    return {};
  }

  @CoreRoute('GET', '/core/1.0/cluster')
  list() {
    return null;
  }

  @CoreRoute('DELETE', '/core/1.0/cluster/{name}')
  remove(request: CoreRequest) {
    return { name: request.params['name'], force: request.query.get('force') };
  }

  @CoreRoute('GET', '/core/1.0/cluster/self')
  self() {
    return 'literal';
  }

  @CoreRoute('POST', '/core/internal/cluster', { maxBodyBytes: 64 })
  add(request: CoreRequest) {
    return request.body;
  }

  @CoreRoute('PATCH', '/core/internal/database', { trustBeforeHandler: true })
  upgraded() {
    return EMPTY_REPLY;
  }

  @CoreRoute('POST', '/core/control')
  fail() {
    throw new MicroclusterError('CONFLICT', { reason: 'a <b>' });
  }

  @CoreRoute('PUT', '/core/control')
  defect() {
    throw new TypeError('x is not a function');
  }

  @CoreRoute('POST', '/core/control/shutdown')
  stop(request: CoreRequest) {
    request.afterReply(() => {
      afterwards.push('after');
    });
    afterwards.push('before');
    return undefined;
  }
}

let daemon: TestDaemon;
let port: number;

beforeAll(async () => {
  daemon = await TestDaemon.create(
    {},
    { prepare: (adapter) => adapter.serveCore(new Endpoints()) },
  );
  await daemon.openUnix();
  port = await daemon.openTls('core');
  daemon.trusted.set(fingerprintOf(daemon.memberPair.certificate), { name: 'c2', address: '' });
});

beforeEach(() => {
  daemon.shuttingDown = false;
  daemon.database = { open: true, text: 'Database is online' };
});

afterAll(async () => {
  await daemon.close();
});

const send = async (text: string) =>
  parseAnswer(await exchange(await dialPlain({ path: daemon.socketPath }), text));
const error = (status: number, text: string) =>
  `{"type":"error","status":"","status_code":0,"operation":"","error_code":${status},"error":${JSON.stringify(text)},"metadata":null}\n\n`;
const success = (metadata: string) =>
  `{"type":"sync","status":"Success","status_code":200,"operation":"","error_code":0,"error":"","metadata":${metadata}}\n`;

describe('paths', () => {
  it.each<[string, string, number, string]>([
    ['GET', '/', 200, success('["/1.0"]')],
    ['POST', '/', 200, success('["/1.0"]')],
    ['GET', '/?x=1', 200, success('["/1.0"]')],
    ['GET', '/core/1.0', 200, success('{}')],
    ['GET', 'http://anything/core/1.0', 200, success('{}')],
    ['GET', '/core/1.0/', 404, error(404, 'not found')],
    ['GET', '//core/1.0', 404, error(404, 'not found')],
    ['GET', '/core//1.0', 404, error(404, 'not found')],
    ['GET', '/core/./1.0', 404, error(404, 'not found')],
    ['GET', '/core/1%2E0', 404, error(404, 'not found')],
    ['GET', '/CORE/1.0', 404, error(404, 'not found')],
    ['GET', '/core', 404, error(404, 'not found')],
    ['GET', '/corelike', 404, error(404, 'not found')],
    ['GET', '/core/1.0/cluster/self', 200, success('"literal"')],
    ['DELETE', '/core/1.0/cluster/c%31%2Fx?force=1', 200, success('{"name":"c1/x","force":"1"}')],
    ['DELETE', '/core/1.0/cluster/', 404, error(404, 'not found')],
    ['DELETE', '/core/1.0/cluster/a/b', 404, error(404, 'not found')],
    [
      'DELETE',
      '/core/1.0/cluster/%zz',
      400,
      error(400, 'The path of the request is not a valid percent-encoded path'),
    ],
    [
      'GET',
      '/elsewhere/%zz',
      400,
      error(400, 'The path of the request is not a valid percent-encoded path'),
    ],
    ['GET', `/${'x'.repeat(300)}`, 404, error(404, 'not found')],
  ])('%s %s', async (method, path, status, body) => {
    const answer = await send(requestText(method, path));
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    expect(answer.headers['x-content-type-options']).toBe(status < 400 ? undefined : 'nosniff');
    const codes = new Map([
      [404, 'NOT_FOUND'],
      [400, 'MALFORMED_URL'],
    ]);
    expect(answer.headers['x-microcluster-error']).toBe(codes.get(status));
  });
});

describe('methods', () => {
  it.each<[string, string, number, string]>([
    ['OPTIONS', '/core/1.0', 404, error(404, "Method 'OPTIONS' not found")],
    ['PROPFIND', '/core/1.0', 404, error(404, "Method 'PROPFIND' not found")],
    ['POST', '/core/1.0', 501, error(501, 'not implemented')],
    ['GET', '/core/internal/cluster', 501, error(501, 'not implemented')],
  ])('%s %s', async (method, path, status, body) => {
    const answer = await send(requestText(method, path));
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body });
  });

  it('answers HEAD 404, without a body', async () => {
    const answer = await send(requestText('HEAD', '/core/1.0'));
    expect([answer.status, answer.body]).toEqual([404, '']);
  });

  it('answers CONNECT 404', async () => {
    const answer = await send(requestText('CONNECT', 'core:1'));
    expect([answer.status, answer.body]).toEqual([404, error(404, 'not found')]);
  });

  it('asks for trust before a missing handler on the database path alone', async () => {
    const socket = await dialSecure({ port, host: '127.0.0.1' });
    expect(
      parseAnswer(await exchange(socket, requestText('GET', '/core/internal/database'))).status,
    ).toBe(403);
    const other = await dialSecure({ port, host: '127.0.0.1' });
    expect(
      parseAnswer(await exchange(other, requestText('GET', '/core/internal/cluster'))).status,
    ).toBe(501);
  });
});

describe('states', () => {
  it('answers 503 with the reason before initialisation, except where allowed', async () => {
    daemon.database = { open: false, text: 'Database is not yet initialized' };
    expect((await send(requestText('GET', '/core/1.0'))).status).toBe(200);
    const answer = await send(requestText('GET', '/core/1.0/cluster'));
    expect([answer.status, answer.body]).toEqual([
      503,
      error(503, 'Database is not yet initialized'),
    ]);
  });

  it('answers 503 while stopping, also where a closed database is allowed', async () => {
    daemon.shuttingDown = true;
    const answer = await send(requestText('GET', '/core/1.0'));
    expect([answer.status, answer.body]).toEqual([503, error(503, 'Daemon is shutting down')]);
  });
});

describe('bodies', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    send(requestText('POST', '/core/internal/cluster', headers, body));

  it.each([
    ['no content type', {}],
    ['a content type of its own', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['a broken content type', { 'Content-Type': ';;' }],
    ['JSON', { 'Content-Type': 'application/json; charset=utf-8' }],
  ])('reads JSON with %s', async (_what, headers) => {
    expect((await post('{"a":[1]}', headers)).body).toBe(success('{"a":[1]}'));
  });

  it('keeps integers beyond 2^53', async () => {
    expect((await post('{"n":9223372036854775807}')).body).toBe(
      success('{"n":9223372036854775807}'),
    );
  });

  it('says what is wrong with malformed JSON', async () => {
    const answer = await post('{"a":');
    expect(answer.status).toBe(400);
    expect(answer.body).toMatch(/Failed to read the request body: .*JSON/);
  });

  it('refuses a body over the limit, announced or not', async () => {
    const large = JSON.stringify('x'.repeat(100));
    expect((await post(large)).status).toBe(413);
    const chunked = await send(
      `POST /core/internal/cluster HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n66\r\n${large}\r\n0\r\n\r\n`,
    );
    expect([chunked.status, chunked.body]).toEqual([
      413,
      error(413, 'The request body is larger than the 64 bytes allowed here'),
    ]);
  });

  it('reads chunked bodies', async () => {
    const answer = await send(
      'POST /core/internal/cluster HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n',
    );
    expect(answer.body).toBe(success('[1,2]'));
  });
});

describe('answers', () => {
  it('maps errors of handlers, and names them for programs', async () => {
    const answer = await send(requestText('POST', '/core/control'));
    expect(answer.status).toBe(409);
    expect(answer.headers['x-microcluster-error']).toBe('CONFLICT');
    expect(answer.body).toContain('"error":"a \\u003cb\\u003e"');
  });

  it('never shows a stack', async () => {
    const answer = await send(requestText('PUT', '/core/control'));
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('not a function');
  });

  it('can be empty', async () => {
    const answer = await send(requestText('PATCH', '/core/internal/database'));
    expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([200, '', '0']);
  });

  it('have null metadata for null', async () => {
    expect((await send(requestText('GET', '/core/1.0/cluster'))).body).toBe(success('null'));
  });

  it('lets a handler act after its answer', async () => {
    afterwards.length = 0;
    expect((await send(requestText('POST', '/core/control/shutdown'))).status).toBe(200);
    await expect.poll(() => afterwards).toEqual(['before', 'after']);
  });

  it('serves several requests on one connection', async () => {
    const socket = await dialPlain({ path: daemon.socketPath });
    const first = await exchange(
      socket,
      requestText('GET', '/core/1.0', { Connection: '' }),
      /\}\n$/,
    );
    expect(parseAnswer(first).status).toBe(200);
    const second = await exchange(socket, requestText('GET', '/core/1.0/cluster'));
    expect(parseAnswer(second).body).toBe(success('null'));
  });

  it.each(['FOO', 'get', 'GETX'])('refuses %s, which no endpoint has', async (method) => {
    const answer = await send(`${method} /core/1.0 HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect([answer.status, answer.body]).toEqual([404, error(404, `Method '${method}' not found`)]);
  });

  it('answers bytes that are no HTTP in the envelope', async () => {
    const answer = await send('nonsense\r\n\r\n');
    expect([answer.status, answer.body]).toEqual([
      400,
      error(400, 'The request is not valid HTTP'),
    ]);
  });
});
