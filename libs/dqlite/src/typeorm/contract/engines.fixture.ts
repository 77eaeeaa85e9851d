/** The databases that the contract suite runs on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../../client/node.fixture.js';
import { isDqliteError } from '../../errors/index.js';
import { findLibrary } from '../../native/index.js';
import { DqliteEngine } from '../dqlite/dqlite-engine.js';
import { DqliteDataSource, type DqliteDataSourceOptions } from '../orm/data-source.js';
import type { SqlEngine } from '../engine.js';
import { SqliteEngine } from '../sqlite/sqlite-engine.js';

export interface EngineOptions {
  readonly poolSize?: number;
  readonly deadlineMs?: number;
}

/** A running database server, or a folder for files. */
export interface TestServer {
  /** An engine on the database `name`, not opened. */
  engine(name: string, options?: EngineOptions): SqlEngine;
  stop(): Promise<void>;
}

export interface EngineCase {
  readonly name: 'dqlite' | 'sqlite';
  start(): Promise<TestServer>;
}

const sqlite: EngineCase = {
  name: 'sqlite',
  async start() {
    const directory = await mkdtemp(join(tmpdir(), 'microcluster-contract-'));
    return {
      engine: (name, options = {}) =>
        new SqliteEngine({ file: join(directory, `${name}.sqlite`), ...options }),
      stop: () => rm(directory, { recursive: true, force: true }),
    };
  },
};

const dqlite: EngineCase = {
  name: 'dqlite',
  async start() {
    const cluster = await startCluster(1);
    return {
      engine: (name, options = {}) =>
        new DqliteEngine({ client: cluster.client({ database: name, ...options }) }),
      stop: async () => cluster[Symbol.asyncDispose](),
    };
  },
};

/** What every file of the suite runs on. */
export const ENGINES: readonly EngineCase[] = hasLibrary() ? [sqlite, dqlite] : [sqlite];

function hasLibrary(): boolean {
  try {
    findLibrary();
    return true;
  } catch (error) {
    if (!isDqliteError(error, 'LIBRARY_MISSING')) throw error;
    process.stderr.write('libdqlite is not installed: the contract suite runs on sqlite3 only\n');
    return false;
  }
}

/** Fresh databases on one server; everything is closed by `stop`. */
export class TestDatabases {
  private readonly opened: DqliteDataSource[] = [];
  private count = 0;

  private constructor(private readonly server: TestServer) {}

  static async start(engine: EngineCase): Promise<TestDatabases> {
    return new TestDatabases(await engine.start());
  }

  /** The name of a database that nobody uses yet. */
  fresh(): string {
    this.count += 1;
    return `test-${this.count}`;
  }

  engine(name: string, options?: EngineOptions): SqlEngine {
    return this.server.engine(name, options);
  }

  /** A data source, initialized, on a fresh database unless `database` names one. */
  async open(
    options: Omit<DqliteDataSourceOptions, 'engine'> & EngineOptions & { database?: string },
  ): Promise<DqliteDataSource> {
    const { database = this.fresh(), poolSize, deadlineMs, ...rest } = options;
    const engine = this.engine(database, {
      ...(poolSize !== undefined && { poolSize }),
      ...(deadlineMs !== undefined && { deadlineMs }),
    });
    const dataSource = new DqliteDataSource({ synchronize: true, ...rest, engine });
    await dataSource.initialize();
    this.opened.push(dataSource);
    return dataSource;
  }

  async stop(): Promise<void> {
    await Promise.all(this.opened.map((it) => (it.isInitialized ? it.destroy() : undefined)));
    await this.server.stop();
  }
}
