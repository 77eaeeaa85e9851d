/** An application tested without a cluster, as everywhere in Nest. */
import { existsSync } from 'node:fs';
import type { INestApplication } from '@nestjs/common';
import { getRepositoryToken } from '@nestjs/typeorm';
import { ClusterState, MicroclusterModule } from '@microcluster/nest';
import { Repository } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { inject } from '../inject.js';
import { Diary, Item, ItemsAppModule, KeyGuard } from '../items.fixture.js';
import { Test, type TestingOptions } from './index.js';

let app: INestApplication | undefined;

async function start(options?: TestingOptions): Promise<INestApplication> {
  const module = await Test.createTestingModule({ imports: [ItemsAppModule] }, options).compile();
  app = module.createNestApplication();
  await app.init();
  return app;
}

afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('a testing module', () => {
  it('starts as a daemon that waits for its initialisation, in a directory of its own', async () => {
    const state = (await start()).get(ClusterState);
    expect(state.databaseStatus).toEqual({
      open: false,
      text: 'Database is not yet initialized',
    });
    expect(state.paths.root).not.toContain('itemsd');
    expect(existsSync(state.paths.controlSocket)).toBe(true);
  });

  it('is bootstrapped on request, with hooks, schema and repositories', async () => {
    const started = await start({ bootstrap: { name: 'first', config: { site: 'north' } } });
    const items = started.get<Repository<Item>>(getRepositoryToken(Item));
    await items.save({ name: 'pen' });
    expect(await items.find()).toEqual([{ id: 1, name: 'pen' }]);
    expect(started.get(ClusterState).name).toBe('first');
    expect(started.get(Diary).entries).toEqual(['bootstrapped north']);
  });

  it('removes its directory when the application is closed', async () => {
    const started = await start({ bootstrap: true });
    const { root } = started.get(ClusterState).paths;
    await started.close();
    expect(existsSync(root)).toBe(false);
  });

  it('lets guards and providers be overridden', async () => {
    const module = await Test.createTestingModule(
      { imports: [ItemsAppModule] },
      { bootstrap: true },
    )
      .overrideGuard(KeyGuard)
      .useValue({ canActivate: () => true })
      .overrideProvider(getRepositoryToken(Item))
      .useValue({ find: async () => [{ id: 7, name: 'made up' }] })
      .compile();
    app = module.createNestApplication();
    await app.init();
    expect((await inject(app, { url: '/1.0/items/locked' })).json()).toMatchObject({
      metadata: 'opened',
    });
    expect((await inject(app, { url: '/1.0/items' })).json()).toMatchObject({
      metadata: [{ id: 7, name: 'made up' }],
    });
  });

  it('uses the settings and the logger that the test chooses', async () => {
    const lines: unknown[] = [];
    const note = (line: unknown) => lines.push(line);
    const logger = { log: note, warn: note, error: note };
    const started = await start({ logger, bootstrap: true, daemon: { version: '9.9.9' } });
    expect(started.get(ClusterState).version).toBe('9.9.9');
    expect(lines).toContainEqual({ event: 'life-cycle', from: 'starting', to: 'ready' });
  });

  it('says why it cannot be bootstrapped', async () => {
    await expect(start({ bootstrap: { name: 'not a name' } })).rejects.toThrow(
      /could not be bootstrapped as not a name at 127\.0\.0\.1:\d+: .*not a name/,
    );
  });

  it('leaves nothing behind when it cannot be compiled', async () => {
    const building = Test.createTestingModule(
      { imports: [ItemsAppModule] },
      { daemon: { servers: { 'no-such-server': {} } } },
    ).compile();
    await expect(building).rejects.toThrow(
      'The test has settings for the server "no-such-server", which the application does not declare',
    );
  });

  it('makes applications of modules whose settings come from a factory, too', async () => {
    const module = await Test.createTestingModule(
      {
        imports: [
          MicroclusterModule.forRootAsync({
            useFactory: () => ({ version: '3.1.4', stateDir: '/nonexistent/itemsd' }),
          }),
        ],
      },
      { bootstrap: true },
    ).compile();
    app = module.createNestApplication();
    await app.init();
    expect(app.get(ClusterState).version).toBe('3.1.4');
    expect(app.get(ClusterState).databaseStatus.open).toBe(true);
  });
});
