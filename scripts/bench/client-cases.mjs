/** What is measured on a cluster of ours: writes and point reads, through the client and through the data source. */
import { DqliteDataSource, DqliteEngine } from '@microcluster/dqlite';
import { EntitySchema } from 'typeorm';
import { CREATE_TABLE, READ, WRITE, randomRow, underLoad } from './load.mjs';

const KEYS_READ = 1000;
/** Code that has run a few hundred times is compiled, and the connections are open. */
const WARM_UP_MS = 1500;

const Model = new EntitySchema({
  name: 'model',
  columns: {
    key: { type: 'text', primary: true },
    value: { type: 'text' },
  },
});

/**
 * The client alone.
 *
 * @param {{client: (poolSize: number) => import('@microcluster/dqlite').DqliteClient, pids: number[]}} cluster
 * @param {{workers: number, durationMs: number}} load
 */
export async function clientLoads(cluster, load) {
  const client = cluster.client(load.workers);
  await client.exec(CREATE_TABLE);
  return loads(cluster, load, {
    client,
    write: () => client.exec(WRITE, randomRow()),
    read: (key) => client.query(READ, [key]),
    close: () => client.close(),
  });
}

/** The same through a TypeORM repository. */
export async function dataSourceLoads(cluster, load) {
  const client = cluster.client(load.workers);
  await client.exec(CREATE_TABLE);
  const dataSource = new DqliteDataSource({
    engine: new DqliteEngine({ client }),
    entities: [Model],
  });
  await dataSource.initialize();
  const rows = dataSource.getRepository(Model);
  return loads(cluster, load, {
    client,
    write: () => {
      const [key, value] = randomRow();
      return rows.insert({ key, value });
    },
    read: (key) => rows.findOneByOrFail({ key }),
    close: () => dataSource.destroy(),
  });
}

async function loads({ pids }, { workers, durationMs }, { client, write, read, close }) {
  let keys;
  await underLoad({ workers, durationMs: WARM_UP_MS, operation: write });
  return {
    write: () => underLoad({ workers, durationMs, operation: write, pids }),
    read: async () => {
      keys ??= (await client.query(`SELECT key FROM model LIMIT ${KEYS_READ}`)).rows.flat();
      const operation = () => read(keys[Math.floor(Math.random() * keys.length)]);
      return underLoad({ workers, durationMs, operation, pids });
    },
    close,
  };
}
