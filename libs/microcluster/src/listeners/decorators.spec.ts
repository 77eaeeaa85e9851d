/** Every decorator on classes and on methods, alone and together, as requests meet them. */
import {
  Controller,
  Get,
  HttpException,
  Injectable,
  Post,
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { InjectOptions } from 'fastify';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  AccessHandler,
  AllowUntrusted,
  AllowedBeforeInit,
  AllowedDuringShutdown,
  CoreApi,
  FORWARD_TO_TARGET,
  IsNotification,
  Listener,
  Peer,
  PreInit,
  ProxyTarget,
  RawResponse,
  ServeUnix,
  Server,
  callerOf,
  type RequestPeer,
} from '../access/index.js';
import { APP_FILTER } from '@nestjs/core';
import { injectAs, type AssumedOrigin } from '../testing-seam/inject-as.js';
import { TestDaemon } from './daemon.fixture.js';
import { EnvelopeExceptionFilter } from './envelope-exception-filter.js';

let daemon: TestDaemon;

afterEach(() => daemon.close());

const filter = { provide: APP_FILTER, useClass: EnvelopeExceptionFilter };
const c2: RequestPeer = { name: 'c2', address: '10.0.0.2:1', fingerprint: 'f2' };

/** The status and metadata (or error) of a request. */
async function ask(origin: AssumedOrigin, request: InjectOptions | string) {
  const options = typeof request === 'string' ? { url: request } : request;
  const answer = await injectAs(daemon.adapter, origin, options);
  const body: { metadata?: unknown; error?: string } = answer.json();
  return [answer.statusCode, body.error === '' ? body.metadata : (body.error ?? body)];
}

const unix: AssumedOrigin = { listener: 'unix' };
const member: AssumedOrigin = { listener: 'core', caller: { trusted: true, peer: c2 } };
const stranger: AssumedOrigin = { listener: 'core', caller: { trusted: false } };
const on = (listener: string, trusted = true): AssumedOrigin => ({ listener, caller: { trusted } });

describe('where a class is served', () => {
  it('adds up, in whatever order the decorators are written', async () => {
    @CoreApi()
    @ServeUnix()
    @PreInit()
    @Controller('all')
    class All {
      @Get() get() {
        return 'all';
      }
    }
    @Controller('core-only')
    @CoreApi()
    class CoreOnly {
      @Get() get() {
        return 'core';
      }
    }
    @Server('one')
    @Server('two')
    @Controller('servers')
    class Servers {
      @Get() get() {
        return 'servers';
      }
    }
    daemon = await TestDaemon.create({
      controllers: [All, CoreOnly, Servers],
      providers: [filter],
    });
    const served = async (path: string) => {
      const listeners = ['unix', 'core', 'pre-init', 'one', 'two', 'three'];
      const answers = await Promise.all(listeners.map((name) => ask(on(name), path)));
      return listeners.filter((_, at) => answers[at]?.[0] === 200);
    };
    expect(await served('/all')).toEqual(['unix', 'core', 'pre-init']);
    expect(await served('/core-only')).toEqual(['core']);
    expect(await served('/servers')).toEqual(['one', 'two']);
  });
});

describe('what a route allows', () => {
  const together = () => applyDecorators(CoreApi(), ServeUnix());

  it('is said by the class for all methods, or by a method for itself', async () => {
    @together()
    @AllowUntrusted()
    @AllowedBeforeInit()
    @AllowedDuringShutdown()
    @RawResponse()
    @Controller('class')
    class OnClass {
      @Get() get() {
        return { raw: true };
      }
    }
    @together()
    @Controller('method')
    class OnMethod {
      @Get('untrusted') @AllowUntrusted() untrusted() {
        return 1;
      }
      @AllowedBeforeInit() @Get('before') before() {
        return 2;
      }
      @Get('during') @AllowedDuringShutdown() @AllowedBeforeInit() during() {
        return 3;
      }
      @Get('raw') @RawResponse() raw() {
        return { raw: true };
      }
      @Get('none') none() {
        return 4;
      }
    }
    daemon = await TestDaemon.create({ controllers: [OnClass, OnMethod], providers: [filter] });
    const paths = ['class', 'method/untrusted', 'method/before', 'method/during', 'method/none'];
    const allowed = async (origin: AssumedOrigin) => {
      const answers = await Promise.all(paths.map((path) => ask(origin, `/${path}`)));
      return paths.filter((_, at) => answers[at]?.[0] === 200);
    };
    expect(await ask(unix, '/class')).toEqual([200, { raw: true }]);
    expect(await ask(unix, '/method/raw')).toEqual([200, { raw: true }]);
    expect(await allowed(unix)).toEqual(paths);
    expect(await allowed(stranger)).toEqual(['class', 'method/untrusted']);
    daemon.database = { open: false, text: 'closed' };
    expect(await allowed(unix)).toEqual(['class', 'method/before', 'method/during']);
    daemon.shuttingDown = true;
    expect(await allowed(unix)).toEqual(['class', 'method/during']);
  });

  it('may be a member to pass requests on to, after the access handlers have agreed', async () => {
    const forwarded: string[] = [];
    const forward = {
      provide: FORWARD_TO_TARGET,
      useValue: async (target: string) => {
        forwarded.push(target);
        return { metadata: `from ${target}` };
      },
    };
    @together()
    @ProxyTarget()
    @Controller('class')
    class OnClass {
      @Get() get() {
        return 'here';
      }
      @Get('refused') @AccessHandler(() => false) refused() {
        return 'here';
      }
    }
    @together()
    @Controller('method')
    class OnMethod {
      @Get('to') @ProxyTarget() @AllowUntrusted() to() {
        return 'here';
      }
      @Get('not') not() {
        return 'here';
      }
    }
    daemon = await TestDaemon.create({
      controllers: [OnClass, OnMethod],
      providers: [filter, forward],
    });
    expect(await ask(unix, '/class?target=c3')).toEqual([200, 'from c3']);
    expect(await ask(member, '/method/to?target=c4')).toEqual([200, 'from c4']);
    expect(await ask(stranger, '/method/to?target=c4')).toEqual([200, 'here']);
    expect(await ask(unix, '/method/not?target=c4')).toEqual([200, 'here']);
    expect(await ask(unix, '/class/refused?target=c4')).toEqual([403, 'not authorized']);
    expect(forwarded).toEqual(['c3', 'c4']);
  });
});

describe('@AccessHandler()', () => {
  @Injectable()
  class Names {
    readonly allowed = new Set(['c2']);
  }
  @Injectable()
  class NamedGuard implements CanActivate {
    constructor(private readonly names: Names) {}
    canActivate(context: ExecutionContext) {
      return this.names.allowed.has(callerOf(context).peer?.name ?? '');
    }
  }
  const asked: string[] = [];

  @CoreApi()
  @ServeUnix()
  @AccessHandler(async ({ listener }) => {
    asked.push('class');
    return listener !== 'unix';
  })
  @Controller('guarded')
  class Guarded {
    @Get() get() {
      return 'open';
    }
    @Get('named') @AccessHandler(NamedGuard) named() {
      return 'named';
    }
    @Get('both')
    @AccessHandler(
      () => {
        asked.push('method');
        return true;
      },
      (_caller, request) => request.headers['x-key'] === '1',
    )
    both() {
      return 'both';
    }
    @Get('stranger') @AllowUntrusted() @AccessHandler(({ peer }) => peer === undefined) stranger() {
      return 'strangers only';
    }
    @Post('own')
    @AccessHandler(() => {
      throw new HttpException('not today', 418);
    })
    own() {
      return 'never';
    }
  }

  const start = async () => {
    asked.length = 0;
    daemon = await TestDaemon.create({
      controllers: [Guarded],
      providers: [filter, Names],
    });
  };

  it('refuses with 403, after trust and on top of it', async () => {
    await start();
    expect(await ask(member, '/guarded')).toEqual([200, 'open']);
    expect(await ask(unix, '/guarded')).toEqual([403, 'not authorized']);
    const before = asked.length;
    expect(await ask(stranger, '/guarded')).toEqual([403, 'not authorized']);
    expect(asked.length).toBe(before);
  });

  it('takes guards with dependencies, and functions; those of the class come first', async () => {
    await start();
    expect(await ask(member, '/guarded/named')).toEqual([200, 'named']);
    expect((await ask(on('core'), '/guarded/named'))[0]).toBe(403);
    asked.length = 0;
    expect(await ask(member, { url: '/guarded/both', headers: { 'x-key': '1' } })).toEqual([
      200,
      'both',
    ]);
    expect(asked).toEqual(['class', 'method']);
    expect(await ask(member, '/guarded/both')).toEqual([403, 'not authorized']);
  });

  it('decides about strangers where they are allowed', async () => {
    await start();
    expect(await ask(stranger, '/guarded/stranger')).toEqual([200, 'strangers only']);
    expect((await ask(member, '/guarded/stranger'))[0]).toBe(403);
  });

  it('may answer with an error of its own', async () => {
    await start();
    const own = { method: 'POST', url: '/guarded/own' } as const;
    expect(await ask(member, own)).toEqual([418, 'not today']);
  });
});

describe('parameters', () => {
  @CoreApi()
  @ServeUnix()
  @Server('side')
  @Controller('who')
  class Contradictory {
    @Get() get() {
      return 1;
    }
  }

  @CoreApi()
  @ServeUnix()
  @AllowUntrusted()
  @Controller('who')
  class Who {
    @Get() get(
      @Peer() peer: RequestPeer | undefined,
      @Listener() listener: string,
      @IsNotification() isNotification: boolean,
    ) {
      return { peer: peer?.name ?? null, listener, isNotification };
    }
  }

  it('tell who calls, where, and whether it was fanned out', async () => {
    daemon = await TestDaemon.create({ controllers: [Who], providers: [filter] });
    const headers = { 'user-agent': 'lxd-cluster-notifier' };
    expect(await ask(unix, '/who')).toEqual([
      200,
      { peer: null, listener: 'unix', isNotification: false },
    ]);
    expect(await ask(member, { url: '/who', headers })).toEqual([
      200,
      { peer: 'c2', listener: 'core', isNotification: true },
    ]);
    expect(await ask(stranger, { url: '/who', headers })).toEqual([
      200,
      { peer: null, listener: 'core', isNotification: false },
    ]);
  });

  it('have the types of decorators for classes and methods', async () => {
    daemon = await TestDaemon.create({ controllers: [Who] });
    expectTypeOf<ReturnType<typeof AccessHandler>>().toEqualTypeOf<
      ClassDecorator & MethodDecorator
    >();
    expectTypeOf<ReturnType<typeof CoreApi>>().toEqualTypeOf<ClassDecorator>();
    expectTypeOf<ReturnType<typeof Peer>>().toEqualTypeOf<ParameterDecorator>();
    await expect(TestDaemon.create({ controllers: [Contradictory] })).rejects.toThrow(
      /Contradictory .*@CoreApi\(\).*additional server "side"/,
    );
  });
});
