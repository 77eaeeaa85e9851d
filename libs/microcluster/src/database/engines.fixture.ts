/** Test support: data sources on both engines, dqlite with a real node in its supervised process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  dialTcp,
  DqliteApp,
  DqliteDataSource,
  DqliteEngine,
  DqliteProcess,
  findLibrary,
  isDqliteError,
  SqliteEngine,
  type SqlEngine,
} from '@microcluster/dqlite';
import { freeAddress } from '@microcluster/dqlite/free-address';

/** An open data source and the engine under it. */
export interface OpenDatabase {
  readonly dataSource: DqliteDataSource;
  readonly engine: SqlEngine;
  close(): Promise<void>;
}

/** A way to open an empty database. */
export interface EngineCase {
  readonly name: 'dqlite' | 'sqlite';
  open(): Promise<OpenDatabase>;
}

const sqlite: EngineCase = {
  name: 'sqlite',
  open: () => openOn(new SqliteEngine({ file: ':memory:' }), async () => undefined),
};

const dqlite: EngineCase = {
  name: 'dqlite',
  async open() {
    const directory = await mkdtemp(path.join(tmpdir(), 'core-database-'));
    const app = await DqliteApp.open({
      directory,
      address: await freeAddress(),
      host: new DqliteProcess(),
      dial: (address, signal) => dialTcp(address, signal),
    });
    await app.ready(AbortSignal.timeout(60_000));
    const client = app.client('db.bin');
    return openOn(new DqliteEngine({ client }), async () => {
      await app.close();
      await rm(directory, { recursive: true });
    });
  },
};

/** The engines that this machine has. */
export const ENGINES: readonly EngineCase[] = hasLibrary() ? [sqlite, dqlite] : [sqlite];

function hasLibrary(): boolean {
  try {
    findLibrary();
    return true;
  } catch (error) {
    if (!isDqliteError(error, 'LIBRARY_MISSING')) throw error;
    process.stderr.write(
      'libdqlite is not installed: the core database is tested on sqlite3 only\n',
    );
    return false;
  }
}

async function openOn(engine: SqlEngine, stop: () => Promise<void>): Promise<OpenDatabase> {
  const dataSource = new DqliteDataSource({ engine, entities: [] });
  await dataSource.initialize();
  return {
    dataSource,
    engine,
    async close() {
      await dataSource.destroy();
      await stop();
    },
  };
}
