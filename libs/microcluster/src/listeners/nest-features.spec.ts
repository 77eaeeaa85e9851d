/** Guards, pipes, interceptors, filters, middleware and the rest of Nest on a daemon's routes: as everywhere. */
import {
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  Inject,
  Injectable,
  Param,
  ParseIntPipe,
  Post,
  Req,
  Res,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type MiddlewareConsumer,
  type ModuleMetadata,
  type NestInterceptor,
  type NestMiddleware,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST, Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest, InjectOptions } from 'fastify';
import { map } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { CoreApi, ServeUnix, callerOf, requestContext } from '../access/index.js';
import { injectAs, type AssumedOrigin } from '../testing-seam/inject-as.js';
import { TestDaemon } from './daemon.fixture.js';
import { EnvelopeExceptionFilter } from './envelope-exception-filter.js';

let daemon: TestDaemon;
let order: string[] = [];

afterEach(async () => {
  order = [];
  await daemon.close();
});

const envelopeFilter = { provide: APP_FILTER, useClass: EnvelopeExceptionFilter };

async function start(
  metadata: ModuleMetadata,
  options: Parameters<typeof TestDaemon.create>[1] = {},
): Promise<void> {
  const providers = [envelopeFilter, ...(metadata.providers ?? [])];
  daemon = await TestDaemon.create({ ...metadata, providers }, options);
}

async function ask(request: InjectOptions | string, origin: AssumedOrigin = { listener: 'unix' }) {
  const options = typeof request === 'string' ? { url: request } : request;
  const answer = await injectAs(daemon.adapter, origin, options);
  const { metadata, error }: { metadata?: unknown; error?: string } = answer.json();
  return { status: answer.statusCode, headers: answer.headers, metadata, error };
}

const post = (url: string, payload: object): InjectOptions => ({ method: 'POST', url, payload });

describe('the order of things', () => {
  const note = (text: string) => {
    order.push(text);
  };

  @Injectable()
  class GlobalGuard implements CanActivate {
    canActivate() {
      note('global guard');
      return true;
    }
  }
  class ClassGuard implements CanActivate {
    canActivate() {
      note('class guard');
      return true;
    }
  }
  class MethodGuard implements CanActivate {
    canActivate() {
      note('method guard');
      return true;
    }
  }
  class Around implements NestInterceptor {
    constructor(private readonly name: string) {}
    intercept(_context: ExecutionContext, next: CallHandler) {
      note(`${this.name} before`);
      return next.handle().pipe(
        map((value: unknown) => {
          note(`${this.name} after`);
          return value;
        }),
      );
    }
  }
  class Noting implements PipeTransform {
    constructor(private readonly name: string) {}
    transform(value: unknown) {
      note(this.name);
      return value;
    }
  }
  class Noticing implements NestMiddleware {
    use(request: FastifyRequest['raw'], _response: FastifyReply['raw'], next: () => void) {
      note(`middleware of ${requestContext(request).listener}`);
      next();
    }
  }

  @ServeUnix()
  @CoreApi()
  @UseGuards(ClassGuard)
  @Controller('order')
  class Ordered {
    @Post(':id')
    @UseGuards(MethodGuard)
    @UseInterceptors(new Around('method interceptor'))
    @UsePipes(new Noting('method pipe'))
    handle(@Param('id', new Noting('parameter pipe')) id: string) {
      note('handler');
      return id;
    }
  }
  class Root {
    configure(consumer: MiddlewareConsumer) {
      consumer.apply(Noticing).forRoutes(Ordered);
    }
  }
  const module = {
    module: Root,
    controllers: [Ordered],
    providers: [
      { provide: APP_GUARD, useClass: GlobalGuard },
      { provide: APP_INTERCEPTOR, useValue: new Around('global interceptor') },
      { provide: APP_PIPE, useValue: new Noting('global pipe') },
    ],
  };

  it('is that of Nest', async () => {
    await start({ imports: [module] });
    expect(await ask(post('/order/7', {}))).toMatchObject({ status: 200, metadata: '7' });
    expect(order).toEqual([
      'middleware of unix',
      'global guard',
      'class guard',
      'method guard',
      'global interceptor before',
      'method interceptor before',
      'global pipe',
      'method pipe',
      'parameter pipe',
      'handler',
      'method interceptor after',
      'global interceptor after',
    ]);
  });

  it('does not begin for who may not call', async () => {
    await start({ imports: [module] });
    const stranger = { listener: 'core', caller: { trusted: false } };
    expect((await ask(post('/order/7', {}), stranger)).status).toBe(403);
    daemon.database = { open: false, text: 'closed' };
    expect((await ask(post('/order/7', {}))).status).toBe(503);
    expect(order).toEqual([]);
  });
});

describe('guards', () => {
  const Only = (name: string) => SetMetadata('only', name);

  @Injectable()
  class MemberGuard implements CanActivate {
    constructor(private readonly reflector: Reflector) {}
    canActivate(context: ExecutionContext) {
      const name = this.reflector.getAllAndOverride<string>('only', [
        context.getHandler(),
        context.getClass(),
      ]);
      return callerOf(context).peer?.name === name;
    }
  }

  @CoreApi()
  @ServeUnix()
  @UseGuards(MemberGuard)
  @Only('c1')
  @Controller('members')
  class Members {
    @Get() get() {
      return 'one';
    }
    @Get('two') @Only('c2') two() {
      return 'two';
    }
  }

  it('know the member that calls, and are answered 403 in the envelope', async () => {
    await start({ controllers: [Members] });
    const as = (name: string): AssumedOrigin => ({
      listener: 'core',
      caller: { trusted: true, peer: { name, address: '10.0.0.1:1', fingerprint: name } },
    });
    expect((await ask('/members', as('c1'))).metadata).toBe('one');
    expect((await ask('/members/two', as('c2'))).metadata).toBe('two');
    expect(await ask('/members', as('c2'))).toMatchObject({
      status: 403,
      error: 'Forbidden resource',
    });
    expect((await ask('/members')).status).toBe(403);
  });
});

describe('pipes', () => {
  class Item {
    name = '';
  }
  class RequireName implements PipeTransform {
    transform(value: unknown) {
      if (value instanceof Object && 'name' in value && value.name !== '') return value;
      throw new HttpException({ message: ['name must not be empty'], errorCode: 'NAMELESS' }, 422);
    }
  }

  @CoreApi()
  @ServeUnix()
  @Controller('items')
  class Items {
    @Get(':id') get(@Param('id', ParseIntPipe) id: number) {
      return { id: id + 1 };
    }
    @Post() create(@Body(RequireName) item: Item) {
      return item;
    }
  }

  it('change what handlers get, and refuse it with their status and code', async () => {
    await start({ controllers: [Items] });
    expect((await ask('/items/41')).metadata).toEqual({ id: 42 });
    expect(await ask('/items/x')).toMatchObject({
      status: 400,
      error: 'Validation failed (numeric string is expected)',
    });
    expect((await ask(post('/items', { name: 'a' }))).metadata).toEqual({ name: 'a' });
    const refused = await ask(post('/items', { name: '' }));
    expect(refused).toMatchObject({ status: 422, error: 'name must not be empty' });
    expect(refused.headers['x-microcluster-error']).toBe('NAMELESS');
  });
});

describe('exceptions and filters', () => {
  class Soft extends Error {}
  class Coded extends HttpException {
    override readonly errorCode = 'CODED';
  }

  @Catch(Soft)
  class AsObject implements ExceptionFilter {
    catch(error: Soft, host: ArgumentsHost) {
      const reply: FastifyReply = host.switchToHttp().getResponse();
      void reply.status(418).send({ message: `softly: ${error.message}`, hint: 'sit down' });
    }
  }
  @Catch(Soft)
  class AsText implements ExceptionFilter {
    catch(error: Soft, host: ArgumentsHost) {
      const reply: FastifyReply = host.switchToHttp().getResponse();
      void reply.status(409).type('text/plain').send(error.message);
    }
  }

  @CoreApi()
  @ServeUnix()
  @UseFilters(AsObject)
  @Controller('fails')
  class Fails {
    @Get('soft') soft() {
      throw new Soft('fell');
    }
    @Get('text') @UseFilters(AsText) text() {
      throw new Soft('as it is');
    }
    @Get('coded') coded() {
      throw new Coded('no', 403);
    }
    @Get('later') async later() {
      await Promise.resolve();
      throw new HttpException('too many', 429, { cause: new Error('secret') });
    }
    @Get('reply') reply(@Res() reply: FastifyReply) {
      void reply.status(404).send({ message: 'by hand', errorCode: 'BY_HAND' });
    }
  }

  it('become the envelope with their status and code', async () => {
    await start({ controllers: [Fails] });
    expect(await ask('/fails/soft')).toMatchObject({
      status: 418,
      error: 'softly: fell',
      metadata: { hint: 'sit down' },
    });
    const coded = await ask('/fails/coded');
    expect([coded.status, coded.error]).toEqual([403, 'no']);
    expect(coded.headers['x-microcluster-error']).toBe('CODED');
    expect(await ask('/fails/later')).toMatchObject({ status: 429, error: 'too many' });
    const byHand = await ask('/fails/reply');
    expect([byHand.status, byHand.error]).toEqual([404, 'by hand']);
    expect(byHand.headers['x-microcluster-error']).toBe('BY_HAND');
  });

  it('that send another type send it as it is', async () => {
    await start({ controllers: [Fails] });
    const answer = await daemon.adapter.inject('/fails/text');
    expect([answer.statusCode, answer.body]).toEqual([409, 'as it is']);
  });
});

describe('middleware', () => {
  class Failing implements NestMiddleware {
    use(request: FastifyRequest['raw'], response: FastifyReply['raw'], next: (e?: Error) => void) {
      if (request.headers['x-answer'] === 'yes') {
        response.end('from middleware');
        return;
      }
      next(new HttpException('not past me', 402));
    }
  }

  @CoreApi()
  @ServeUnix()
  @Controller('watched')
  class Watched {
    @Get() get() {
      return 1;
    }
  }
  class Root {
    configure(consumer: MiddlewareConsumer) {
      consumer.apply(Failing).forRoutes('watched');
    }
  }

  it('may answer by itself, and its errors become the envelope', async () => {
    await start({ imports: [{ module: Root, controllers: [Watched] }] });
    expect(await ask('/watched')).toMatchObject({ status: 402, error: 'not past me' });
    const headers = { 'x-answer': 'yes' };
    const answer = await daemon.adapter.inject({ url: '/watched', headers });
    expect([answer.statusCode, answer.body]).toEqual([200, 'from middleware']);
  });
});

describe('a global prefix', () => {
  @CoreApi()
  @ServeUnix()
  @Controller('items')
  class Items {
    @Get() get() {
      return 'prefixed';
    }
  }
  @CoreApi()
  @ServeUnix()
  @Controller('health')
  class Health {
    @Get() get() {
      return 'bare';
    }
  }

  it('is before every path but the excluded ones, and may not be /core', async () => {
    const controllers = [Items, Health];
    await start(
      { controllers },
      { configure: (app) => void app.setGlobalPrefix('api', { exclude: ['health'] }) },
    );
    expect((await ask('/api/items')).metadata).toBe('prefixed');
    expect((await ask('/items')).status).toBe(404);
    expect((await ask('/health')).metadata).toBe('bare');
    await expect(
      TestDaemon.create({ controllers }, { configure: (app) => void app.setGlobalPrefix('core') }),
    ).rejects.toThrow(/conflicts with reserved namespace "\/core"/);
  });
});

describe('request-scoped providers', () => {
  @Injectable({ scope: Scope.REQUEST })
  class Visit {
    static count = 0;
    readonly number = (Visit.count += 1);
    constructor(@Inject(REQUEST) private readonly request: FastifyRequest) {}
    get listener() {
      return requestContext(this.request).listener;
    }
  }

  @CoreApi()
  @ServeUnix()
  @Controller('visits')
  class Visits {
    constructor(private readonly visit: Visit) {}
    @Get() get(@Req() request: FastifyRequest) {
      return [this.visit.number, this.visit.listener, request.url];
    }
  }

  it('are made for each request, and know it', async () => {
    await start({ controllers: [Visits], providers: [Visit] });
    const member = { listener: 'core', caller: { trusted: true } };
    expect((await ask('/visits')).metadata).toEqual([1, 'unix', '/visits']);
    expect((await ask('/visits?a', member)).metadata).toEqual([2, 'core', '/visits?a']);
  });
});
