/** No application-wide setting of the user changes an answer under /core. */
import {
  Controller,
  Get,
  Injectable,
  VersioningType,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestModule,
  type PipeTransform,
} from '@nestjs/common';
import { Catch, Module, type ArgumentsHost, type ExecutionContext } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { map } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CoreApi, ServeUnix } from '../access/index.js';
import { CoreRoute, type CoreRequest } from './core-route.js';
import { TestDaemon } from './daemon.fixture.js';
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

@Injectable()
class DenyAll implements CanActivate {
  canActivate() {
    return false;
  }
}
@Injectable()
class Mangle implements PipeTransform {
  transform() {
    return 'mangled';
  }
}
@Injectable()
class Wrap implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ wrapped: data })));
  }
}
@Catch()
class Swallow implements ExceptionFilter {
  catch(_exception: unknown, host: ArgumentsHost) {
    host.switchToHttp().getResponse().status(200).send({ swallowed: true });
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

@Module({ controllers: [Items] })
class Hostile implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer
      .apply((_request: unknown, response: { end(text: string): void }) => {
        response.end('middleware');
      })
      .forRoutes('{*path}');
  }
}

function makeHostile(app: INestApplication): void {
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  app.useGlobalGuards(new DenyAll());
  app.useGlobalPipes(new Mangle());
  app.useGlobalInterceptors(new Wrap());
  app.useGlobalFilters(new Swallow());
  app.enableCors({ origin: 'https://example.com' });
  app.use((_request: unknown, response: { statusCode: number; end(text: string): void }) => {
    response.statusCode = 418;
    response.end('teapot');
  });
  const adapter = app.getHttpAdapter();
  if (!(adapter instanceof FastifyAdapter)) throw new TypeError('not Fastify');
  const fastify: FastifyInstance = adapter.getInstance();
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-hook', 'hostile');
    done();
  });
  fastify.addHook('onSend', (_request, _reply, _payload, done) => {
    done(null, 'replaced');
  });
}

let calm: TestDaemon;
let hostile: TestDaemon;

beforeAll(async () => {
  const prepare = {
    prepare: (adapter: { serveCore(provider: object): void }) => adapter.serveCore(new Endpoints()),
  };
  calm = await TestDaemon.create({ controllers: [Items] }, prepare);
  hostile = await TestDaemon.create(
    { imports: [Hostile] },
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
