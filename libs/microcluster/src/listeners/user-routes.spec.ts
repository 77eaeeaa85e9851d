/** What a Nest user expects of controllers on a daemon's listeners. */
import { Readable } from 'node:stream';
import {
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  Get,
  Header,
  Head,
  HttpCode,
  Post,
  Redirect,
  Req,
  Res,
  Scope,
  StreamableFile,
  Version,
  VersioningType,
  VERSION_NEUTRAL,
  Sse,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DqliteError } from '@microcluster/dqlite';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { of } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  AllowUntrusted,
  AllowedDuringShutdown,
  CoreApi,
  PreInit,
  RawResponse,
  ServeUnix,
  Server,
  requestContext,
} from '../access/index.js';
import { TestDaemon } from './daemon.fixture.js';
import { EnvelopeExceptionFilter } from './envelope-exception-filter.js';
import { dialPlain, dialSecure, exchange, parseAnswer, requestText } from './raw-client.fixture.js';

let daemon: TestDaemon | undefined;

afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

const filter = { provide: APP_FILTER, useClass: EnvelopeExceptionFilter };

const overTls = async (port: number, text: string) =>
  parseAnswer(await exchange(await dialSecure({ port, host: '127.0.0.1' }), text));

@ServeUnix()
@CoreApi()
@Controller('things')
class Things {
  @Get('text') text() {
    return 'plain text';
  }
  @Get('nothing') nothing() {
    return undefined;
  }
  @Get('null') none() {
    return null;
  }
  @Get('big') big() {
    return { id: 18446744073709551615n };
  }
  @Get('reply') reply(@Res() reply: FastifyReply) {
    void reply.status(202).send({ by: 'hand' });
  }
  @Get('reply-text') replyText(@Res() reply: FastifyReply) {
    void reply.type('text/html').send('<p>');
  }
  @Get('passthrough') passthrough(@Res({ passthrough: true }) reply: FastifyReply) {
    reply.header('x-mine', 'yes');
    return 'passed';
  }
  @Get('raw') @RawResponse() raw() {
    return { raw: true };
  }
  @Get('html') @Header('Content-Type', 'text/html') html() {
    return '<p>';
  }
  @Get('file') file() {
    return new StreamableFile(Buffer.from('bytes'));
  }
  @Get('stream') stream(@Res() reply: FastifyReply) {
    void reply.send(Readable.from(['a', 'b']));
  }
  @Get('buffer') buffer() {
    return Buffer.from('buffer');
  }
  @Get('move') @Redirect('/things/text') move() {
    return undefined;
  }
  @Sse('events') events() {
    return of({ data: 'one' });
  }
  @Post('gone') @HttpCode(204) gone() {
    return undefined;
  }
  @Get('conflict') conflict() {
    throw new ConflictException('taken', { errorCode: 'TAKEN' });
  }
  @Get('invalid') invalid() {
    throw new BadRequestException({ message: ['a', 'b'], field: 'name' });
  }
  @Get('defect') defect() {
    throw new Error('password=hunter2');
  }
  @Get('closed') closed() {
    throw new DqliteError('NOT_OPEN', { what: 'The database' });
  }
  @Get('context') context(@Req() request: FastifyRequest) {
    const { listener, trusted, isNotification } = requestContext(request);
    return { listener, trusted, isNotification };
  }
  @Post('echo') echo(@Body() body: unknown) {
    return body;
  }
}

describe('answers of controllers', () => {
  const fetchThing = async (path: string, method = 'GET', headers = {}, body = '') => {
    daemon ??= await TestDaemon.create({ controllers: [Things], providers: [filter] });
    if (!daemon.listeners.has('unix')) await daemon.openUnix();
    const socket = await dialPlain({ path: daemon.socketPath });
    return parseAnswer(
      await exchange(socket, requestText(method, `/things/${path}`, headers, body)),
    );
  };

  it.each<[string, number, string, string]>([
    ['text', 200, 'application/json', '"metadata":"plain text"}\n'],
    ['nothing', 200, 'application/json', '"metadata":{}}\n'],
    ['null', 200, 'application/json', '"metadata":null}\n'],
    ['big', 200, 'application/json', '{"id":18446744073709551615}'],
    [
      'reply',
      202,
      'application/json',
      '"status_code":202,"operation":"","error_code":0,"error":"","metadata":{"by":"hand"}}\n',
    ],
    ['reply-text', 200, 'text/html', '<p>'],
    ['passthrough', 200, 'application/json', '"metadata":"passed"}'],
    ['raw', 200, 'application/json; charset=utf-8', '{"raw":true}'],
    ['html', 200, 'text/html', '<p>'],
    ['file', 200, 'application/octet-stream', 'bytes'],
    ['buffer', 200, 'application/octet-stream', 'buffer'],
    [
      'conflict',
      409,
      'application/json',
      '"error_code":409,"error":"taken","metadata":{"errorCode":"TAKEN"}}\n\n',
    ],
    ['invalid', 400, 'application/json', '"error":"a; b","metadata":{"field":"name"}}\n\n'],
    ['defect', 500, 'application/json', '"error":"Internal server error","metadata":null}\n\n'],
    ['closed', 503, 'application/json', '"error":"Database is not yet initialized"'],
    [
      'context',
      200,
      'application/json',
      '{"listener":"unix","trusted":true,"isNotification":false}',
    ],
  ])('%s', async (path, status, type, part) => {
    const answer = await fetchThing(path);
    expect([answer.status, answer.headers['content-type']]).toEqual([status, type]);
    expect(answer.body).toContain(part);
  });

  it('can be server-sent events', async () => {
    daemon = await TestDaemon.create({ controllers: [Things] });
    const socket = await dialPlain({ path: await daemon.openUnix() });
    const answer = await exchange(socket, requestText('GET', '/things/events'), /data: one\n\n/);
    expect(parseAnswer(answer).headers['content-type']).toMatch(/^text\/event-stream/);
    socket.destroy();
  });

  it('stream, redirect, and come without a body', async () => {
    expect((await fetchThing('stream')).body).toMatch(/a\r\n1\r\nb/);
    expect((await fetchThing('move')).headers['location']).toBe('/things/text');
    const gone = await fetchThing('gone', 'POST');
    expect([gone.status, gone.body]).toEqual([204, '']);
  });

  it('name errors for programs', async () => {
    expect((await fetchThing('conflict')).headers['x-microcluster-error']).toBe('TAKEN');
  });

  it('have the envelope for errors before the handler', async () => {
    const json = { 'Content-Type': 'application/json' };
    const malformed = await fetchThing('echo', 'POST', json, '{');
    expect(malformed.status).toBe(400);
    expect(malformed.body).toContain('"type":"error"');
    expect((await fetchThing('echo', 'POST', { 'Content-Type': 'foo/bar' }, 'x')).status).toBe(415);
    const unknown = await fetchThing('unknown');
    expect(unknown.body).toContain('"error_code":404,"error":"not found","metadata":null}\n\n');
    const large = await fetchThing('unknown', 'POST', json, ' '.repeat(2 * 1024 * 1024));
    expect([large.status, large.body]).toEqual([404, unknown.body]);
    const foreign = await fetchThing('unknown', 'POST', { 'Content-Type': 'foo/bar' }, 'x');
    expect([foreign.status, foreign.body]).toEqual([404, unknown.body]);
    expect((await fetchThing('text', 'PUT')).body).toContain(
      '"error_code":501,"error":"not implemented"',
    );
    expect((await fetchThing('text', 'OPTIONS')).body).toContain("Method 'OPTIONS' not found");
    expect((await fetchThing('text', 'HEAD')).status).toBe(404);
    expect((await fetchThing('text/')).status).toBe(404);
  });

  it('know a notification by its User-Agent', async () => {
    const answer = await fetchThing('context', 'GET', { 'User-Agent': 'lxd-cluster-notifier' });
    expect(answer.body).toContain('"isNotification":true');
  });

  it('are 503 with the reason while the database is closed or the daemon stops', async () => {
    await fetchThing('text');
    if (daemon === undefined) throw new Error('no daemon');
    daemon.database = { open: false, text: 'Database is still starting' };
    expect((await fetchThing('text')).body).toContain('"error":"Database is still starting"');
    daemon.shuttingDown = true;
    expect((await fetchThing('text')).body).toContain('"error":"Daemon is shutting down"');
  });
});

describe('listeners of controllers', () => {
  it('let two servers own the same path, and serve nothing that was not placed', async () => {
    @Server('one')
    @AllowUntrusted()
    @Controller('same')
    class One {
      @Get() get() {
        return 'one';
      }
    }
    @Controller('same')
    class Two {
      @Get() @AllowUntrusted() get() {
        return 'two';
      }
    }
    daemon = await TestDaemon.create(
      { controllers: [One, Two] },
      { prepare: (adapter) => adapter.assignListeners(Two, { servers: ['two'] }) },
    );
    const ports = [
      await daemon.openTls('one'),
      await daemon.openTls('two'),
      await daemon.openTls('core'),
    ];
    const answers = await Promise.all(
      ports.map((port) =>
        overTls(port, requestText('GET', '/same', { Host: `127.0.0.1:${port}` })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404]);
    expect(answers[0]?.body).toContain('"one"');
    expect(answers[1]?.body).toContain('"two"');
    expect((await daemon.adapter.inject('/same')).statusCode).toBe(404);
  });

  it.each([VersioningType.URI, VersioningType.HEADER, VersioningType.MEDIA_TYPE])(
    'work with versioning of type %s, two versions on one listener',
    async (type) => {
      @CoreApi()
      @ServeUnix()
      @Controller('versioned')
      class Versioned {
        @Get() @Version('1') first() {
          return 'first';
        }
        @Get() @Version('2') second() {
          return 'second';
        }
        @Get('plain') @Version(VERSION_NEUTRAL) plain() {
          return 'neutral';
        }
      }
      daemon = await TestDaemon.create(
        { controllers: [Versioned] },
        {
          configure: (app) => {
            if (type === VersioningType.HEADER) app.enableVersioning({ type, header: 'x-version' });
            else if (type === VersioningType.MEDIA_TYPE) app.enableVersioning({ type, key: 'v=' });
            else app.enableVersioning({ type: VersioningType.URI });
          },
        },
      );
      const { adapter } = daemon;
      const ask = (version: string) =>
        adapter.inject({
          url: type === VersioningType.URI ? `/v${version}/versioned` : '/versioned',
          headers: { 'x-version': version, accept: `application/json;v=${version}` },
        });
      expect((await ask('1')).body).toContain('"first"');
      expect((await ask('2')).body).toContain('"second"');
      expect((await ask('3')).statusCode).toBe(404);
      expect((await adapter.inject('/versioned/plain')).body).toContain('"neutral"');
    },
  );

  it.each([VersioningType.URI, VersioningType.HEADER])(
    'let two servers own the same path in the same version, with versioning of type %s',
    async (type) => {
      @Server('one')
      @AllowUntrusted()
      @Controller({ path: 'same', version: '1' })
      class One {
        @Get() get() {
          return 'one';
        }
        @Get() @Version('2') next() {
          return 'one, version 2';
        }
      }
      @Server('two')
      @AllowUntrusted()
      @Controller({ path: 'same', version: '1' })
      class Two {
        @Get() get() {
          return 'two';
        }
      }
      daemon = await TestDaemon.create(
        { controllers: [One, Two] },
        {
          configure: (app) => {
            if (type === VersioningType.HEADER) app.enableVersioning({ type, header: 'x-version' });
            else app.enableVersioning({ type: VersioningType.URI });
          },
        },
      );
      const [one, two] = [await daemon.openTls('one'), await daemon.openTls('two')];
      const ask = async (port: number, version: string) => {
        const path = type === VersioningType.URI ? `/v${version}/same` : '/same';
        const { status, body } = await overTls(
          port,
          requestText('GET', path, { 'X-Version': version }),
        );
        return status === 200 ? body.match(/"metadata":"(.*)"/)?.[1] : status;
      };
      expect(await ask(one, '1')).toBe('one');
      expect(await ask(one, '2')).toBe('one, version 2');
      expect(await ask(two, '1')).toBe('two');
      expect(await ask(two, '2')).toBe(404);
    },
  );

  it('are honoured for inherited handlers, which other classes may serve elsewhere', async () => {
    abstract class Base {
      @Get('who') @AllowUntrusted() who() {
        return this.constructor.name;
      }
    }
    @ServeUnix()
    @CoreApi()
    @Controller('left')
    class Left extends Base {}
    @Server('side')
    @Controller('right')
    class Right extends Base {}
    daemon = await TestDaemon.create({ controllers: [Left, Right] });
    expect((await daemon.adapter.inject('/left/who')).body).toContain('"Left"');
    expect((await daemon.adapter.inject('/right/who')).statusCode).toBe(404);
    const port = await daemon.openTls('side');
    expect((await overTls(port, requestText('GET', '/right/who'))).body).toContain('"Right"');
    expect((await overTls(port, requestText('GET', '/left/who'))).status).toBe(404);
  });

  it('serve request-scoped controllers and declared HEAD handlers', async () => {
    @ServeUnix()
    @CoreApi()
    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    class Scoped {
      @Get() get() {
        return 'scoped';
      }
      @Head() head() {
        return 'head';
      }
    }
    daemon = await TestDaemon.create({ controllers: [Scoped] });
    expect((await daemon.adapter.inject('/scoped')).body).toContain('"scoped"');
    expect((await daemon.adapter.inject({ method: 'HEAD', url: '/scoped' })).statusCode).toBe(200);
  });

  it('are open before initialisation where @PreInit() says so, and during shutdown where allowed', async () => {
    @CoreApi()
    @PreInit()
    @ServeUnix()
    @Controller('early')
    class Early {
      @Get() get() {
        return 'early';
      }
      @Get('late') @AllowedDuringShutdown() late() {
        return 'late';
      }
    }
    daemon = await TestDaemon.create({ controllers: [Early] });
    daemon.database = { open: false, text: 'Database is not yet initialized' };
    expect((await daemon.adapter.inject('/early')).statusCode).toBe(200);
    const port = await daemon.openTls('pre-init');
    expect((await overTls(port, requestText('GET', '/early'))).status).toBe(403);
    daemon.preInitTrusts = true;
    expect((await overTls(port, requestText('GET', '/early'))).status).toBe(200);
    daemon.shuttingDown = true;
    expect((await daemon.adapter.inject('/early')).statusCode).toBe(503);
    expect((await daemon.adapter.inject('/early/late')).statusCode).toBe(200);
  });
});

describe('mistakes at start-up', () => {
  const starting = (controllers: (new () => object)[]) => TestDaemon.create({ controllers });

  it('name a controller that is placed nowhere', async () => {
    @Controller('lost')
    class Lost {
      @Get(':id') get() {
        return 1;
      }
    }
    await expect(starting([Lost])).rejects.toThrow(
      /Lost\.get \(GET \/lost\/:id\) is served by no listener/,
    );
  });

  it('name both sides of a conflict', async () => {
    @CoreApi()
    @Controller('dup')
    class First {
      @Get(':id') get() {
        return 1;
      }
    }
    @CoreApi()
    @ServeUnix()
    @Controller('dup')
    class Second {
      @Get(':name') get() {
        return 2;
      }
    }
    await expect(starting([First, Second])).rejects.toThrow(
      'The route GET /dup/:name of Second.get conflicts with First.get on the listener "core"',
    );
  });

  it('name a route in the reserved namespace', async () => {
    @CoreApi()
    @Controller('core')
    class Reserved {
      @Get('mine') get() {
        return 1;
      }
    }
    await expect(starting([Reserved])).rejects.toThrow(
      /Reserved\.get conflicts with reserved namespace "\/core"/,
    );
  });

  it('allow paths that only look reserved', async () => {
    @CoreApi()
    @ServeUnix()
    @Controller('core_consumer')
    class Consumer {
      @Get() get() {
        return 'fine';
      }
    }
    daemon = await starting([Consumer]);
    expect((await daemon.adapter.inject('/core_consumer')).statusCode).toBe(200);
  });

  it('name contradictions', async () => {
    @ServeUnix()
    @Server('extra')
    @Controller('x')
    class Contradictory {
      @Get() get() {
        return 1;
      }
    }
    await expect(starting([Contradictory])).rejects.toThrow(
      /controller Contradictory contradict each other: Cannot serve non-core API resources over the core unix socket/,
    );
  });
});

describe('the application server', () => {
  it('refuses to listen, and says what to do', async () => {
    daemon = await TestDaemon.create({ controllers: [Things] });
    await expect(daemon.app?.listen(0)).rejects.toThrow(/the daemon opens the listeners itself/);
  });

  it('counts as the control socket for supertest, in a test process alone', async () => {
    for (const [trustOwnServer, status] of [
      [undefined, 200],
      [false, 404],
    ] as const) {
      const own = await TestDaemon.create(
        { controllers: [Things] },
        { adapter: trustOwnServer === undefined ? {} : { trustOwnServer } },
      );
      const server = own.adapter.getHttpServer();
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no address');
      const socket = await dialPlain({ port: address.port, host: '127.0.0.1' });
      const answer = parseAnswer(await exchange(socket, requestText('GET', '/things/text')));
      expect(answer.status).toBe(status);
      server.close();
      await own.close();
    }
  });

  it('serves nothing that was added behind the adapter, unless its path was placed', async () => {
    daemon = await TestDaemon.create(
      {},
      {
        prepare: (adapter) => adapter.assignPath('/docs', { coreApi: true, serveUnix: true }),
        configure: (app) => {
          app.getHttpAdapter().get('/docs', (_request: unknown, reply: FastifyReply) => {
            void reply.type('text/html').send('<h1>');
          });
          app.getHttpAdapter().get('/hidden', (_request: unknown, reply: FastifyReply) => {
            void reply.send('secret');
          });
        },
      },
    );
    const docs = await daemon.adapter.inject('/docs');
    expect([docs.statusCode, docs.body]).toEqual([200, '<h1>']);
    expect((await daemon.adapter.inject('/hidden')).statusCode).toBe(404);
    const port = await daemon.openTls('core');
    expect((await overTls(port, requestText('GET', '/docs'))).status).toBe(403);
  });

  it('answers 503 in the envelope once it is closed', async () => {
    daemon = await TestDaemon.create({ controllers: [Things] });
    await daemon.openUnix();
    await daemon.adapter.close();
    const socket = await dialPlain({ path: daemon.socketPath });
    const answer = parseAnswer(await exchange(socket, requestText('GET', '/things/text')));
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('"error":"Daemon is shutting down"');
  });
});
