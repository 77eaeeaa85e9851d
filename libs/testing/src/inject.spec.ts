/** Routes exercised as each listener and caller would. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ClusterState } from '@microcluster/nest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inject, type InjectRequest } from './inject.js';
import { ItemsAppModule } from './items.fixture.js';
import { Test } from './module/index.js';

let app: NestFastifyApplication;

beforeAll(async () => {
  const module = await Test.createTestingModule(
    { imports: [ItemsAppModule] },
    { bootstrap: true },
  ).compile();
  app = module.createNestApplication<NestFastifyApplication>();
  await app.init();
});

afterAll(async () => {
  await app.close();
});

async function answer(request: InjectRequest): Promise<{ status: number; body: unknown }> {
  const reply = await inject(app, request);
  return { status: reply.statusCode, body: reply.json() };
}

const CALLER = '/1.0/items/caller';

describe('inject', () => {
  it.each([
    [{}, 'unix', true, null],
    [{ listener: 'unix' }, 'unix', true, null],
    [{ listener: 'core', peer: 'trusted' }, 'core', true, 'n1'],
    [{ listener: 'core', peer: { name: 'n1' } }, 'core', true, 'n1'],
    [{ listener: 'core', peer: { name: 'elsewhere' } }, 'core', true, 'elsewhere'],
  ] as const)('as %j is seen by the handler', async (origin, listener, trusted, peer) => {
    expect(await answer({ ...origin, url: CALLER })).toMatchObject({
      status: 200,
      body: { metadata: { listener, trusted, peer } },
    });
  });

  it.each([{}, { peer: 'stranger' }] as const)(
    'meets 403 on the Core API as %j, but where strangers are allowed',
    async (origin) => {
      const core = { listener: 'core', ...origin };
      expect(await answer({ ...core, url: CALLER })).toMatchObject({ status: 403 });
      expect(await answer({ ...core, url: '/1.0/items/where' })).toMatchObject({
        status: 200,
        body: { metadata: { name: 'n1', address: app.get(ClusterState).address } },
      });
    },
  );

  it('finds on each listener the routes of that listener alone', async () => {
    const additional = { listener: 'additional-api' };
    expect(await answer({ ...additional, url: '/reports' })).toMatchObject({
      body: { metadata: ['annual'] },
    });
    expect(await answer({ url: '/reports' })).toMatchObject({ status: 404 });
    expect(await answer({ ...additional, url: CALLER })).toMatchObject({ status: 404 });
    expect(await answer({ ...additional, url: '/reports/secret' })).toMatchObject({ status: 403 });
    expect(await answer({ ...additional, peer: 'trusted', url: '/reports/secret' })).toMatchObject({
      body: { metadata: 'secret' },
    });
  });

  it('reaches the Core API by the same rules', async () => {
    const members = { url: '/core/1.0/cluster', listener: 'core' };
    expect(await answer({ ...members, peer: 'stranger' })).toMatchObject({ status: 403 });
    expect(await answer({ ...members, peer: 'trusted' })).toMatchObject({
      body: { metadata: [{ name: 'n1' }] },
    });
    const control = { method: 'GET', url: '/core/control/tokens' } as const;
    expect(await answer({ ...control, listener: 'core', peer: 'trusted' })).toMatchObject({
      status: 404,
    });
    expect(await answer(control)).toMatchObject({ status: 200 });
  });

  it('sends methods, headers and payloads', async () => {
    const created = await answer({
      listener: 'core',
      peer: 'trusted',
      method: 'POST',
      url: '/1.0/items',
      payload: { name: 'pen' },
    });
    expect(created).toMatchObject({ status: 200, body: { metadata: { name: 'pen' } } });
  });

  it('refuses listeners that cannot be, and callers on the control socket', async () => {
    await expect(inject(app, { listener: 'aditional-api', url: '/' })).rejects.toThrow(
      'The application has no listener "aditional-api"; it has unix, core, pre-init, additional-api',
    );
    await expect(inject(app, { peer: 'trusted', url: '/' })).rejects.toThrow(
      'On the control socket nobody shows who he is',
    );
  });
});

describe('plain requests', () => {
  it('by app.inject count as the control socket', async () => {
    expect((await app.inject(CALLER)).json()).toMatchObject({
      metadata: { listener: 'unix', trusted: true },
    });
  });

  it('to the server that supertest listens on count as the control socket', async () => {
    const server: Server = app.getHttpServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const bound = server.address();
      if (bound === null || typeof bound === 'string') throw new TypeError('no TCP address');
      const reply = await fetch(`http://127.0.0.1:${bound.port}${CALLER}`);
      expect(await reply.json()).toMatchObject({ metadata: { listener: 'unix', trusted: true } });
    } finally {
      server.close();
    }
  });
});
