#!/usr/bin/env node
/**
 * An application of which each start may run another release.
 *
 * `RELEASE`: number of schema updates that this release knows. `EXTENSIONS`: its API extensions, comma-separated.
 * `BREAK_UPDATE`: number of an update that fails after it has changed something. `PAUSE_UPDATE`: number of an
 * update that logs `update-paused` in mid-transaction and then takes longer than any test.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Body, ConsoleLogger, Controller, Get, Inject, Module, Post } from '@nestjs/common';
import { CoreApi, MicroclusterModule, ServeUnix, runDaemon } from '@microcluster/nest';
import { DataSource } from 'typeorm';

const { values: flags } = parseArgs({
  options: { 'state-dir': { type: 'string' }, heartbeat: { type: 'string' } },
});
const release = Number(process.env['RELEASE'] ?? '1');
const extensions = (process.env['EXTENSIONS'] ?? '').split(',').filter((name) => name !== '');
const logger = new ConsoleLogger({ json: true, colors: false });

/** The first update is a migration class, the others are functions; each leaves a trace that shows its order. */
class CreateEntries1 {
  name = 'CreateEntries1';
  async up(runner) {
    await runner.query(
      'CREATE TABLE entries (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT NOT NULL UNIQUE)',
    );
    await runner.query('CREATE TABLE updates (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL)');
    await runner.query('INSERT INTO updates DEFAULT VALUES');
  }
  async down() {
    throw new Error('updates are never undone');
  }
}

function addColumn(number) {
  const update = async (executor) => {
    await executor.execute(`ALTER TABLE entries ADD COLUMN column_${number} TEXT`);
    await executor.execute('INSERT INTO updates DEFAULT VALUES');
    if (process.env['BREAK_UPDATE'] === String(number)) {
      await executor.execute('INSERT INTO missing VALUES (1)');
    }
    if (process.env['PAUSE_UPDATE'] === String(number)) {
      logger.log({ event: 'update-paused' });
      await wait(600_000);
    }
  };
  Object.defineProperty(update, 'name', { value: `addColumn${number}` });
  return update;
}

const updates = [CreateEntries1];
for (let number = 2; number <= release; number += 1) updates.push(addColumn(number));

/** Adding an entry twice is no error, so that a client that got no answer may ask again. */
class EntriesController {
  constructor(source) {
    this.source = source;
  }
  async list() {
    const rows = await this.source.query('SELECT name FROM entries ORDER BY id');
    return rows.map((row) => row.name);
  }
  async add({ name }) {
    await this.source.query('INSERT INTO entries (name) VALUES (?) ON CONFLICT DO NOTHING', [name]);
    return name;
  }
}
Inject(DataSource)(EntriesController, undefined, 0);
decorate('list', Get());
decorate('add', Post());
Body()(EntriesController.prototype, 'add', 0);
Controller('1.0/entries')(EntriesController);
CoreApi()(EntriesController);
ServeUnix()(EntriesController);

function decorate(method, decorator) {
  const { prototype } = EntriesController;
  decorator(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
}

class ApplicationModule {}
Module({
  imports: [
    MicroclusterModule.forRoot({
      stateDir: flags['state-dir'],
      version: `${release}.0.0`,
      logger,
      heartbeatIntervalMs: Number.parseInt(flags.heartbeat ?? '500', 10),
      networkLatencyMs: 100,
      extensionsSchema: updates,
      apiExtensions: extensions,
      servers: { entries: { coreApi: true, serveUnix: true, resources: [EntriesController] } },
    }),
  ],
  controllers: [EntriesController],
})(ApplicationModule);

await runDaemon(ApplicationModule, { logger });
