/** Controllers on declared servers: where they are served, and what excludes what. */
import { Controller, Get } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { AllowUntrusted, CoreApi, ServeUnix, Server } from '../access/index.js';
import { TestDaemon } from './daemon.fixture.js';
import { dialSecure, exchange, parseAnswer, requestText } from './raw-client.fixture.js';
import type { MicroclusterAdapter } from './microcluster-adapter.js';

@Controller('things')
class First {
  @Get()
  @AllowUntrusted()
  list() {
    return 'first';
  }
}

@Controller('things')
class Second {
  @Get()
  @AllowUntrusted()
  list() {
    return 'second';
  }
}

@Controller('core/1.0/things')
class Reserved {
  @Get()
  list() {
    return 'reserved';
  }
}

@ServeUnix()
@Controller('unix')
class OnUnix {
  @Get()
  list() {
    return 'unix';
  }
}

@CoreApi()
@Server('own')
@Controller('both')
class Both {
  @Get()
  list() {
    return 'both';
  }
}

@Server('part')
@Controller('tagged')
class TaggedPart {
  @Get()
  list() {
    return 'tagged';
  }
}

let daemon: TestDaemon | undefined;

afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

const corePart = { coreApi: true, preInit: false, serveUnix: true };
const own = { coreApi: false, preInit: false, serveUnix: false };

function define(adapter: MicroclusterAdapter): void {
  adapter.defineServer('part', corePart);
  adapter.defineServer('other-part', { ...corePart, serveUnix: false });
  adapter.defineServer('own', own);
}

const start = async (
  controllers: (typeof First)[],
  prepare: (adapter: MicroclusterAdapter) => void,
) => {
  daemon = await TestDaemon.create(
    { controllers },
    {
      prepare: (adapter) => {
        define(adapter);
        prepare(adapter);
      },
    },
  );
  return daemon;
};

async function answerOf(port: number, path: string) {
  const socket = await dialSecure({ port, host: '127.0.0.1' });
  return parseAnswer(await exchange(socket, requestText('GET', path)));
}

describe('controllers on declared servers', () => {
  it('may share a path when their listeners differ, and one may be on two listeners', async () => {
    const running = await start([First, Second], (adapter) => {
      adapter.assignServer(First, 'part');
      adapter.assignServer(Second, 'own');
    });
    expect((await answerOf(await running.openTls('core'), '/things')).body).toContain('"first"');
    expect((await answerOf(await running.openTls('own'), '/things')).body).toContain('"second"');
    await running.close();

    const shared = await start([First], (adapter) => {
      adapter.assignServer(First, 'part');
      adapter.assignServer(First, 'own');
    });
    for (const listener of ['core', 'own']) {
      const port = await shared.openTls(listener);
      expect((await answerOf(port, '/things')).body).toContain('"first"');
    }
    expect((await shared.adapter.inject('/things')).statusCode).toBe(200);
  });

  it('are placed by a tag as by the map', async () => {
    const running = await start([TaggedPart], () => undefined);
    expect((await running.adapter.inject('/tagged')).statusCode).toBe(200);
  });

  it('conflict on one listener, and the error names both servers and handlers', async () => {
    await expect(
      start([First, Second], (adapter) => {
        adapter.assignServer(First, 'part');
        adapter.assignServer(Second, 'other-part');
      }),
    ).rejects.toThrow(
      'Endpoint "things" from server "other-part" conflicts with another endpoint from server "part" (GET of First.list and Second.list)',
    );
  });

  it('may not use the path of the Core API', async () => {
    await expect(
      start([Reserved], (adapter) => adapter.assignServer(Reserved, 'part')),
    ).rejects.toThrow('Endpoint from server "part" conflicts with reserved namespace "/core"');
  });

  it('may not be tagged with what their server excludes', async () => {
    await expect(start([OnUnix], (adapter) => adapter.assignServer(OnUnix, 'own'))).rejects.toThrow(
      /OnUnix.*Cannot serve non-core API resources.*@ServeUnix\(\).*"own"/,
    );
    await expect(start([Both], () => undefined)).rejects.toThrow(/Both.*@CoreApi\(\).*"own"/);
  });
});
