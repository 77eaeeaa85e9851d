/** What is measured on a cluster of ours: writes and point reads, through the client and through the data source. */
import { DqliteDataSource, DqliteEngine } from '@microcluster/dqlite';
import { EntitySchema } from 'typeorm';
import { CREATE_TABLE, READ, WRITE, randomRow, underLoad } from './load.mjs';

const KEYS_READ = 1000;

const Model = new EntitySchema({
  name: 'model',
  columns: {
    key: { type: 'text', primary: true },
    value: { type: 'text' },
  },
});

/** The client alone. */
export async function measureClient(client, { workers, durationMs }) {
  try {
    await client.exec(CREATE_TABLE);
    const write = await underLoad({
      workers,
      durationMs,
      operation: () => client.exec(WRITE, randomRow()),
    });
    const next = await randomKeys(client);
    const read = await underLoad({
      workers,
      durationMs,
      operation: () => client.query(READ, [next()]),
    });
    return { write, read };
  } finally {
    await client.close();
  }
}

/** The same through a TypeORM repository. */
export async function measureDataSource(client, { workers, durationMs }) {
  await client.exec(CREATE_TABLE);
  const dataSource = new DqliteDataSource({
    engine: new DqliteEngine({ client }),
    entities: [Model],
  });
  await dataSource.initialize();
  try {
    const rows = dataSource.getRepository(Model);
    const write = await underLoad({
      workers,
      durationMs,
      operation: () => {
        const [key, value] = randomRow();
        return rows.insert({ key, value });
      },
    });
    const next = await randomKeys(client);
    const read = await underLoad({
      workers,
      durationMs,
      operation: () => rows.findOneByOrFail({ key: next() }),
    });
    return { write, read };
  } finally {
    await dataSource.destroy();
    await client.close();
  }
}

async function randomKeys(client) {
  const { rows } = await client.query(`SELECT key FROM model LIMIT ${KEYS_READ}`);
  const keys = rows.map(([key]) => key);
  return () => keys[Math.floor(Math.random() * keys.length)];
}
