/** The data source on three nodes, of which the leading one stops. */
import { afterEach, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../client/node.fixture.js';
import { Item } from '../contract/entities.fixture.js';
import { DqliteDataSource } from '../orm/data-source.js';
import { DqliteEngine } from './dqlite-engine.js';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.[Symbol.asyncDispose]();
  cluster = undefined;
});

it('runs a retryable transaction again that lost its leader, and commits the second run alone', async () => {
  const nodes = await startCluster(3);
  cluster = nodes;
  const engine = new DqliteEngine({ client: nodes.client() });
  const dataSource = new DqliteDataSource({ engine, entities: [Item], synchronize: true });
  await dataSource.initialize();
  const attempts: number[] = [];

  const name = await dataSource.retryableTransaction(async (manager) => {
    attempts.push(attempts.length + 1);
    const item = await manager.save(Item, { name: `attempt ${attempts.length}` });
    if (attempts.length === 1) await nodes.stopLeader();
    await manager.count(Item);
    return item.name;
  });

  expect(attempts).toEqual([1, 2]);
  expect(name).toBe('attempt 2');
  const items = await dataSource.getRepository(Item).find();
  expect(items.map((item) => item.name)).toEqual(['attempt 2']);
  await dataSource.destroy();
});
