/** Makes the replicated database as the rest of the daemon and the application see it. */
import type { FactoryProvider, Provider } from '@nestjs/common';
import { DqliteDataSource } from '@microcluster/dqlite';
import { DataSource, EntityManager } from 'typeorm';
import { INTERNAL_VERSION } from '../database/index.js';
import { EventLog } from '../events/index.js';
import { buildExtensions } from '../extensions/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { SchemaGate } from '../lifecycle/schema-gate.js';
import { UpgradeBell } from '../lifecycle/upgrade-bell.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { EngineSlot } from '../replication/index.js';
import { DATABASE_STATUS } from './late-bound-providers.js';
import type { LateBound } from './late-bound.js';

const dataSource: FactoryProvider = {
  provide: DqliteDataSource,
  inject: [DAEMON_ARGS, EngineSlot],
  useFactory: ({ entities }: ParsedDaemonArgs, slot: EngineSlot) =>
    new DqliteDataSource({ engine: slot.current, entities: [...entities] }).buildMetadatasEarly(),
};

const schema: FactoryProvider = {
  provide: SchemaGate,
  inject: [DAEMON_ARGS, DqliteDataSource, UpgradeBell, EventLog],
  useFactory: (
    args: ParsedDaemonArgs,
    source: DqliteDataSource,
    bell: UpgradeBell,
    events: EventLog,
  ) =>
    new SchemaGate(
      args,
      source,
      { internal: INTERNAL_VERSION, external: args.extensionsSchema.length },
      buildExtensions(args.apiExtensions),
      bell,
      (member, from, to) => {
        events.append({ type: 'schema-upgraded', time: new Date(), member, from, to });
      },
    ),
};

const records: FactoryProvider = {
  provide: ClusterRecords,
  inject: [DqliteDataSource, DATABASE_STATUS, DAEMON_ARGS],
  useFactory: (
    source: DqliteDataSource,
    status: LateBound<Daemon>,
    { timeouts }: ParsedDaemonArgs,
  ) => new ClusterRecords(source, () => status.get().databaseStatus(), timeouts.ready),
};

/** They need the settings, and the status of the daemon that opens the database. */
export const DATABASE_PROVIDERS: Provider[] = [
  EngineSlot,
  UpgradeBell,
  dataSource,
  { provide: DataSource, useExisting: DqliteDataSource },
  {
    provide: EntityManager,
    inject: [DqliteDataSource],
    useFactory: (source: DqliteDataSource) => source.manager,
  },
  schema,
  records,
];
