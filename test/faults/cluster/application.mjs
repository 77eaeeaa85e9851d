#!/usr/bin/env node
/** The application whose data the workloads use: all its handlers go through the data source. */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Body, ConsoleLogger, Controller, Get, Inject, Module, Post } from '@nestjs/common';
import {
  ClusterState,
  CoreApi,
  MicroclusterModule,
  ServeUnix,
  runDaemon,
} from '@microcluster/nest';
import { DqliteDataSource } from '@microcluster/dqlite';

const ACCOUNTS = 5;
const BALANCE = 100;

const { values: flags } = parseArgs({
  options: { 'state-dir': { type: 'string' }, heartbeat: { type: 'string' } },
});
const release = Number(process.env['FAULT_RELEASE'] ?? '1');
const logger = new ConsoleLogger({ json: true, colors: false });

class CreateWorkloads {
  async up(runner) {
    await runner.query('CREATE TABLE "registers" ("key" TEXT PRIMARY KEY, "value" INTEGER)');
    await runner.query('CREATE TABLE "lists" ("key" TEXT PRIMARY KEY, "elements" TEXT)');
    await runner.query('CREATE TABLE "members_of_set" ("element" INTEGER PRIMARY KEY)');
    await runner.query('CREATE TABLE "ballast" ("id" INTEGER PRIMARY KEY, "content" BLOB)');
    await runner.query('CREATE TABLE "accounts" ("id" INTEGER PRIMARY KEY, "balance" INTEGER)');
    for (let id = 0; id < ACCOUNTS; id += 1) {
      await runner.query('INSERT INTO "accounts" VALUES (?, ?)', [id, BALANCE]);
    }
  }
  async down() {}
}

/** Of the next release. */
class NameOwners {
  async up(runner) {
    await runner.query('ALTER TABLE "accounts" ADD COLUMN "owner" TEXT');
  }
  async down() {}
}

class WorkloadController {
  constructor(dataSource, state) {
    this.dataSource = dataSource;
    this.state = state;
  }

  register({ kind, key, value, expected, consistency }) {
    return this.dataSource.withOptions({ consistency }, async () => {
      if (kind === 'write') {
        await this.dataSource.query(
          'INSERT INTO "registers" VALUES (?, ?) ON CONFLICT DO UPDATE SET "value" = excluded."value"',
          [key, value],
        );
        return null;
      }
      if (kind === 'swap') {
        const swapped = await this.dataSource.query(
          'UPDATE "registers" SET "value" = ? WHERE "key" = ? AND "value" = ?',
          [value, key, expected],
        );
        return swapped === 1;
      }
      const rows = await this.dataSource.query('SELECT "value" FROM "registers" WHERE "key" = ?', [
        key,
      ]);
      return rows[0]?.value ?? null;
    });
  }

  lists({ steps, consistency }) {
    const onlyReads = steps.every(({ kind }) => kind === 'read');
    const run = async (manager) => {
      const seen = [];
      for (const { kind, key, value } of steps) {
        if (kind === 'append') {
          await manager.query(
            `INSERT INTO "lists" VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET "elements" = "elements" || ',' || excluded."elements"`,
            [key, String(value)],
          );
          seen.push(null);
        } else {
          const rows = await manager.query('SELECT "elements" FROM "lists" WHERE "key" = ?', [key]);
          seen.push(rows.length === 0 ? [] : rows[0].elements.split(',').map(Number));
        }
      }
      return seen;
    };
    if (onlyReads) return this.dataSource.readTransaction(run, { consistency });
    return this.dataSource.withOptions({ consistency }, () => this.dataSource.transaction(run));
  }

  bank({ kind, from, to, amount }) {
    if (kind === 'read') return this.balances(this.dataSource);
    return this.dataSource.transaction(async (manager) => {
      const balances = await this.balances(manager);
      if (balances[from] < amount) return false;
      const move = 'UPDATE "accounts" SET "balance" = "balance" + ? WHERE "id" = ?';
      await manager.query(move, [-amount, from]);
      await manager.query(move, [amount, to]);
      return true;
    });
  }

  async balances(executor) {
    const rows = await executor.query('SELECT "balance" FROM "accounts" ORDER BY "id"');
    return rows.map(({ balance }) => balance);
  }

  set({ kind, element, consistency }) {
    return this.dataSource.withOptions({ consistency }, async () => {
      if (kind === 'add') {
        await this.dataSource.query('INSERT INTO "members_of_set" VALUES (?)', [element]);
        return null;
      }
      const rows = await this.dataSource.query('SELECT "element" FROM "members_of_set"');
      return rows.map((row) => row.element);
    });
  }

  /** Makes the log of every member grow by so many bytes, and the database by no more than once. */
  async ballast({ bytes }) {
    await this.dataSource.query('INSERT OR REPLACE INTO "ballast" VALUES (1, randomblob(?))', [
      bytes,
    ]);
    return null;
  }

  /** Blocks the event loop, as a long computation of an application would. */
  stall({ milliseconds }) {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
    return null;
  }

  /** Versions of the database and of the members' releases, at one moment, fresh: a watcher asks anybody. */
  async schema() {
    const rows = await this.dataSource.withOptions({ consistency: 'linearizable' }, () =>
      this.dataSource.query(
        `SELECT '' AS "name",
           (SELECT max("version") FROM "schemas" WHERE "type" = 0) AS "internal",
           (SELECT max("version") FROM "schemas" WHERE "type" = 1) AS "external"
         UNION ALL
         SELECT "name", "schema_internal", "schema_external" FROM "core_cluster_members"
         WHERE "role" <> 'PENDING'`,
      ),
    );
    const [{ internal, external }] = rows;
    return {
      database: { internal, external },
      members: rows.filter(({ name }) => name !== ''),
    };
  }

  async nodes() {
    const [leader, nodes] = await Promise.all([
      this.state.leaderAddress(),
      this.state.databaseMembers(),
    ]);
    return { leader, nodes: nodes.map(({ address, role }) => ({ address, role })) };
  }
}

/** Decorators, applied without a compiler. */
Inject(DqliteDataSource)(WorkloadController, undefined, 0);
Inject(ClusterState)(WorkloadController, undefined, 1);
for (const name of ['register', 'lists', 'bank', 'set', 'ballast', 'stall', 'schema', 'nodes']) {
  const descriptor = Object.getOwnPropertyDescriptor(WorkloadController.prototype, name);
  if (name === 'schema' || name === 'nodes') {
    Get(name)(WorkloadController.prototype, name, descriptor);
  } else {
    Body()(WorkloadController.prototype, name, 0);
    Post(name)(WorkloadController.prototype, name, descriptor);
  }
}
Controller('1.0/workload')(WorkloadController);
CoreApi()(WorkloadController);
ServeUnix()(WorkloadController);

const note = (hook, about = '') => {
  const file = process.env['FAULT_HOOK_LOG'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ hook, about })}\n`);
};

class ApplicationModule {}
Module({
  imports: [
    MicroclusterModule.forRoot({
      stateDir: flags['state-dir'],
      version: `${release}.0.0`,
      logger,
      heartbeatIntervalMs: Number.parseInt(flags.heartbeat ?? '500', 10),
      extensionsSchema: [CreateWorkloads, NameOwners].slice(0, release),
      hooks: {
        start: () => note('start'),
        preInit: () => note('preInit'),
        postBootstrap: () => note('postBootstrap'),
        preJoin: () => note('preJoin'),
        postJoin: () => note('postJoin'),
        newMember: (_context, member) => note('newMember', member.name),
        preRemove: () => note('preRemove'),
        postRemove: () => note('postRemove'),
      },
      servers: {
        workload: { coreApi: true, serveUnix: true, resources: [WorkloadController] },
      },
    }),
  ],
  controllers: [WorkloadController],
})(ApplicationModule);

await runDaemon(ApplicationModule, { logger });
