/** No application-wide setting of the user changes an answer under /core. */
import { Controller, Get } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CoreApi, ServeUnix } from '../access/index.js';
import { CoreRoute, type CoreRequest } from './core-route.js';
import { TestDaemon } from './daemon.fixture.js';
import { HostileModule, makeHostile } from './hostile-application.fixture.js';
import { dialPlain, exchange, parseAnswer, requestText } from './raw-client.fixture.js';

class Endpoints {
  @CoreRoute('GET', '/core/1.0', { allowUntrusted: true })
  server() {
    return { name: 'c1' };
  }

  @CoreRoute('POST', '/core/internal/sql')
  sql(request: CoreRequest) {
    return request.body;
  }

  @CoreRoute('DELETE', '/core/1.0/tokens/{name}')
  revoke() {
    throw new Error('broken');
  }
}

@CoreApi()
@ServeUnix()
@Controller('1.0/items')
class Items {
  @Get()
  list() {
    return 'items';
  }
}

let calm: TestDaemon;
let hostile: TestDaemon;

beforeAll(async () => {
  const prepare = {
    prepare: (adapter: { serveCore(provider: object): void }) => adapter.serveCore(new Endpoints()),
  };
  calm = await TestDaemon.create({ controllers: [Items] }, prepare);
  hostile = await TestDaemon.create(
    { imports: [HostileModule], controllers: [Items] },
    { ...prepare, adapter: { bodyLimit: 1 }, configure: makeHostile },
  );
  await Promise.all([calm.openUnix(), hostile.openUnix()]);
});

afterAll(async () => {
  await Promise.all([calm.close(), hostile.close()]);
});

const requests: readonly [string, string, Record<string, string>, string][] = [
  ['GET', '/core/1.0', {}, ''],
  ['HEAD', '/core/1.0', {}, ''],
  [
    'OPTIONS',
    '/core/1.0',
    { Origin: 'https://example.com', 'Access-Control-Request-Method': 'GET' },
    '',
  ],
  ['PUT', '/core/1.0', {}, ''],
  ['GET', '/core/unknown', {}, ''],
  ['GET', '/core/%zz', {}, ''],
  ['POST', '/core/internal/sql', { 'Content-Type': 'text/plain' }, '{"query":"select 1"}'],
  ['POST', '/core/internal/sql', {}, '{'],
  ['DELETE', '/core/1.0/tokens/x', {}, ''],
  ['GET', '/', {}, ''],
];

describe('hostile settings of the user', () => {
  it.each(requests)('do not change the answer to %s %s', async (method, path, headers, body) => {
    const [expected = '', actual] = await Promise.all(
      [calm, hostile].map(async (daemon) =>
        withoutDate(
          await exchange(
            await dialPlain({ path: daemon.socketPath }),
            requestText(method, path, headers, body),
          ),
        ),
      ),
    );
    expect(expected).toMatch(/^HTTP\/1\.1 \d{3} /);
    expect(actual).toBe(expected);
  });

  it('do not change injected requests either', async () => {
    const answer = await hostile.adapter.inject('/core/1.0');
    expect([answer.statusCode, answer.headers['x-hook']]).toEqual([200, undefined]);
  });

  it('do reach the routes of the user', async () => {
    const answer = parseAnswer(
      await exchange(
        await dialPlain({ path: hostile.socketPath }),
        requestText('GET', '/api/v1/1.0/items'),
      ),
    );
    expect(answer.status).toBe(418);
  });
});

function withoutDate(answer: string): string {
  return answer.replace(/\r\nDate: [^\r]+/, '');
}
