/** The level of a handler reaches the engine through a repository that knows nothing of it. */
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { DqliteDataSource, SqliteEngine, type SqlCallOptions } from '@microcluster/dqlite';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Consistency } from './index.js';

/** The levels at which the engine was asked to run something. */
const asked: SqlCallOptions['consistency'][] = [];

class NotingEngine extends SqliteEngine {
  override run(...args: Parameters<SqliteEngine['run']>): ReturnType<SqliteEngine['run']> {
    asked.push(args[2]?.consistency);
    return super.run(...args);
  }
}

@Injectable()
class Store {
  constructor(private readonly dataSource: DqliteDataSource) {}

  async read(): Promise<unknown> {
    await new Promise(setImmediate);
    return this.dataSource.query('SELECT 1 AS one');
  }
}

@Controller()
class Handlers {
  constructor(private readonly store: Store) {}

  @Get('plain') plain(): Promise<unknown> {
    return this.store.read();
  }

  @Get('fresh')
  @Consistency('linearizable')
  fresh(): Promise<unknown> {
    return this.store.read();
  }
}

@Module({
  controllers: [Handlers],
  providers: [
    Store,
    {
      provide: DqliteDataSource,
      useFactory: () =>
        new DqliteDataSource({ engine: new NotingEngine({ file: ':memory:' }) }).initialize(),
    },
  ],
})
class AppModule {}

let app: NestFastifyApplication;
beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
});
afterAll(async () => {
  await app.get(DqliteDataSource).destroy();
  await app.close();
});
beforeEach(() => {
  asked.length = 0;
});

it.each([
  ['/plain', undefined],
  ['/fresh', 'linearizable'],
])('GET %s reads at the level %s', async (url, level) => {
  const answer = await app.inject({ method: 'GET', url });

  expect(answer.json()).toEqual([{ one: 1 }]);
  expect(asked).toEqual([level]);
});

it('requests at the same time keep their own level', async () => {
  await Promise.all(
    ['/fresh', '/plain', '/fresh'].map((url) => app.inject({ method: 'GET', url })),
  );

  expect(asked.sort()).toEqual(['linearizable', 'linearizable', undefined]);
});
