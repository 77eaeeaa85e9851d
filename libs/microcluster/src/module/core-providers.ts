/** Makes the parts of a daemon and puts them together; every part is injectable by its class. */
import { hostname } from 'node:os';
import type { FactoryProvider, Provider, Type } from '@nestjs/common';
import { DiscoveryService, HttpAdapterHost } from '@nestjs/core';
import { DqliteDataSource } from '@microcluster/dqlite';
import { DataSource, EntityManager } from 'typeorm';
import { ClusterState } from '../cluster-state/index.js';
import { loadAdditionalKeyPairs } from '../certificates/additional-key-pairs.js';
import { loadKeyPair, loadOrGenerateKeyPair, warnOfReadableKeys } from '../certificates/index.js';
import { loadPreviousCertificates } from '../certificates/rotation/index.js';
import { INTERNAL_VERSION } from '../database/index.js';
import { buildExtensions } from '../extensions/index.js';
import { ClusterObserver, EventLog } from '../events/index.js';
import { Failpoints } from '../failpoints/index.js';
import { HeartbeatService, SchemaAutoUpdate } from '../heartbeat/index.js';
import { HookRunner } from '../hooks/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { SchemaGate } from '../lifecycle/schema-gate.js';
import { UpgradeBell } from '../lifecycle/upgrade-bell.js';
import { ListenerSet } from '../listeners/index.js';
import { ClusterWatch } from '../metrics/index.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { ConsistencyCheck } from '../membership/consistency/consistency-check.js';
import { MemberList } from '../membership/member-list.js';
import { Membership } from '../membership/membership.js';
import { Peers } from '../membership/peers.js';
import { Reaper } from '../membership/reaping/reaper.js';
import { isInitialised, requireOwnIdentity } from '../membership/recover-start.js';
import { restartMember } from '../membership/restart.js';
import { TrustPropagation } from '../membership/trust-propagation.js';
import { Turnstile } from '../membership/turnstile.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { recoverAtStart } from '../recovery/index.js';
import { EngineSlot, type EngineRound } from '../replication/index.js';
import {
  DaemonConfiguration,
  DeclaredServers,
  ServerListeners,
  declareServers,
} from '../servers/index.js';
import { inheritSockets } from '../service-manager/index.js';
import { StateDirectory } from '../state/index.js';
import { TrustStore } from '../trust/index.js';
import { sinkOf } from './attach-daemon.js';
import { EVENTS_PROVIDERS } from './events-providers.js';
import { LateBound } from './late-bound.js';
import { OBSERVABILITY_PROVIDERS } from './observability-providers.js';
import { BACKUP_PROVIDERS } from './backup-providers.js';
import { CERTIFICATE_PROVIDERS } from './certificate-providers.js';
import { FAILPOINT_PROVIDER } from './failpoint-providers.js';
import { MEMBERSHIP_PROVIDERS } from './membership-providers.js';

/** What a round of role checks triggers; bound once the heartbeats exist. */
type RoundHandler = (round: EngineRound) => Promise<void>;
const ROUND_HANDLER = Symbol('round handler');
const RUNNING_MEMBER = Symbol('running member');
const DATABASE_STATUS = Symbol('database status');

const state: FactoryProvider = {
  provide: StateDirectory,
  inject: [DAEMON_ARGS],
  useFactory: async (args: ParsedDaemonArgs) => {
    const directory = await StateDirectory.open(args.stateDir);
    try {
      await recoverAtStart(directory.path, args.logger);
    } catch (error) {
      await directory.close();
      throw error;
    }
    return directory;
  },
};

const identity: FactoryProvider = {
  provide: MemberIdentity,
  inject: [StateDirectory, DAEMON_ARGS],
  useFactory: async (directory: StateDirectory, { logger }: ParsedDaemonArgs) => {
    await requireOwnIdentity(directory);
    await warnOfReadableKeys(directory.path, logger);
    const server = await loadOrGenerateKeyPair(directory.path, 'server', hostname());
    const cluster = await loadKeyPair(directory.path, 'cluster');
    const member = new MemberIdentity({
      name: hostname(),
      address: '',
      server,
      ...(cluster === undefined ? {} : { cluster }),
    });
    member.previousCertificates = await loadPreviousCertificates(directory.path);
    return member;
  },
};

const trust: FactoryProvider = {
  provide: TrustStore,
  inject: [StateDirectory, DAEMON_ARGS],
  useFactory: (directory: StateDirectory, { logger }: ParsedDaemonArgs) =>
    TrustStore.open(directory.truststorePath, { logger }),
};

const listeners: FactoryProvider = {
  provide: ListenerSet,
  inject: [DAEMON_ARGS, HttpAdapterHost, RUNNING_MEMBER],
  useFactory: (
    { logger }: ParsedDaemonArgs,
    host: HttpAdapterHost,
    running: LateBound<MemberRuntime>,
  ) =>
    new ListenerSet(sinkOf(host), {
      inherited: inheritSockets(logger),
      onDqliteSocket: (socket, head) => {
        running.get().acceptRaw(socket, head);
      },
    }),
};

const declared: FactoryProvider = {
  provide: DeclaredServers,
  inject: [DAEMON_ARGS, DiscoveryService],
  useFactory: (args: ParsedDaemonArgs, discovery: DiscoveryService) => {
    const classes = discovery.getControllers().map(({ metatype }) => metatype);
    const controllers = classes.filter((found): found is Type => typeof found === 'function');
    return declareServers(args.servers, controllers, args.preInitListenAddress);
  },
};

const servers: FactoryProvider = {
  provide: ServerListeners,
  inject: [DAEMON_ARGS, DeclaredServers, StateDirectory, MemberIdentity, ListenerSet],
  useFactory: (
    args: ParsedDaemonArgs,
    all: DeclaredServers,
    directory: StateDirectory,
    member: MemberIdentity,
    set: ListenerSet,
  ) =>
    new ServerListeners({
      args,
      declared: all,
      state: directory,
      identity: member,
      listeners: set,
      logger: args.logger,
    }),
};

const configuration: FactoryProvider = {
  provide: DaemonConfiguration,
  inject: [
    DAEMON_ARGS,
    StateDirectory,
    MemberIdentity,
    DeclaredServers,
    ServerListeners,
    Peers,
    Failpoints,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    directory: StateDirectory,
    member: MemberIdentity,
    all: DeclaredServers,
    additional: ServerListeners,
    others: Peers,
    failpoints: Failpoints,
  ) =>
    new DaemonConfiguration({
      args,
      state: directory,
      identity: member,
      declared: all,
      listeners: additional,
      peers: others,
      failpoints,
    }),
};

const dataSource: FactoryProvider = {
  provide: DqliteDataSource,
  inject: [DAEMON_ARGS, EngineSlot],
  useFactory: ({ entities }: ParsedDaemonArgs, slot: EngineSlot) =>
    new DqliteDataSource({ engine: slot.current, entities: [...entities] }).buildMetadatasEarly(),
};

const runtime: FactoryProvider = {
  provide: MemberRuntime,
  inject: [
    DAEMON_ARGS,
    StateDirectory,
    MemberIdentity,
    TrustStore,
    ListenerSet,
    ServerListeners,
    EngineSlot,
    DqliteDataSource,
    RUNNING_MEMBER,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    directory: StateDirectory,
    member: MemberIdentity,
    store: TrustStore,
    set: ListenerSet,
    additional: ServerListeners,
    slot: EngineSlot,
    source: DqliteDataSource,
    self: LateBound<MemberRuntime>,
  ) => {
    const made = new MemberRuntime(
      args,
      directory,
      member,
      store,
      set,
      additional,
      slot,
      source,
      args.logger,
    );
    self.set(made);
    return made;
  },
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

const peers: FactoryProvider = {
  provide: Peers,
  inject: [MemberIdentity, TrustStore, DAEMON_ARGS],
  useFactory: (member: MemberIdentity, store: TrustStore, args: ParsedDaemonArgs) =>
    new Peers(member, store, args, args.logger),
};

const records: FactoryProvider = {
  provide: ClusterRecords,
  inject: [DqliteDataSource, DATABASE_STATUS],
  useFactory: (source: DqliteDataSource, status: LateBound<Daemon>) =>
    new ClusterRecords(source, () => status.get().databaseStatus()),
};

const daemon: FactoryProvider = {
  provide: Daemon,
  inject: [
    DAEMON_ARGS,
    StateDirectory,
    MemberIdentity,
    TrustStore,
    ListenerSet,
    ServerListeners,
    MemberRuntime,
    SchemaGate,
    Peers,
    ClusterRecords,
    HookRunner,
    Failpoints,
    ROUND_HANDLER,
    DATABASE_STATUS,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    directory: StateDirectory,
    member: MemberIdentity,
    store: TrustStore,
    set: ListenerSet,
    additional: ServerListeners,
    running: MemberRuntime,
    gate: SchemaGate,
    others: Peers,
    tables: ClusterRecords,
    hooks: HookRunner,
    failpoints: Failpoints,
    rounds: LateBound<RoundHandler>,
    self: LateBound<Daemon>,
  ) => {
    const parts = {
      args,
      state: directory,
      identity: member,
      trust: store,
      listeners: set,
      servers: additional,
      runtime: running,
      hooks,
      failpoints,
      logger: args.logger,
    };
    const made = new Daemon({
      ...parts,
      isInitialised: () => isInitialised(parts),
      restart: (signal, waiting) =>
        restartMember(
          {
            ...parts,
            schema: gate,
            peers: others,
            records: tables,
            onRound: (round) => rounds.get()(round),
          },
          signal,
          waiting,
        ),
    });
    self.set(made);
    return made;
  },
};

const schemaUpdates: FactoryProvider = {
  provide: SchemaAutoUpdate,
  inject: [DAEMON_ARGS],
  useFactory: ({ logger }: ParsedDaemonArgs) =>
    new SchemaAutoUpdate({ program: process.env['SCHEMA_UPDATE'] || undefined, logger }),
};

const heartbeats: FactoryProvider = {
  provide: HeartbeatService,
  inject: [
    DAEMON_ARGS,
    MemberIdentity,
    ClusterRecords,
    TrustStore,
    MemberRuntime,
    Peers,
    HookRunner,
    Daemon,
    Reaper,
    SchemaAutoUpdate,
    ClusterWatch,
    ClusterObserver,
    ROUND_HANDLER,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    member: MemberIdentity,
    tables: ClusterRecords,
    store: TrustStore,
    running: MemberRuntime,
    others: Peers,
    hooks: HookRunner,
    owner: Daemon,
    reaper: Reaper,
    updates: SchemaAutoUpdate,
    watch: ClusterWatch,
    observer: ClusterObserver,
    rounds: LateBound<RoundHandler>,
  ) => {
    const service = new HeartbeatService({
      intervalMs: args.heartbeatIntervalMs,
      self: () => ({ name: member.name, address: member.address }),
      records: tables,
      trust: store,
      leader: (signal) => running.opened.leader(signal),
      send: (address, info, signal) =>
        others.with(address, (client) => client.heartbeat(info, { signal })),
      now: () => new Date(),
      onRound: (roles, signal) => hooks.run('heartbeat', { signal }, roles),
      onNewerSchema: (newest) => {
        updates.notice(newest);
      },
      onReceived: () => observer.look(),
      logger: args.logger,
    });
    rounds.set(async (round) => {
      watch.see(round);
      if (!owner.databaseStatus().open) {
        observer.look();
        return;
      }
      if (!round.isLeader) {
        observer.look();
        await service.missHeartbeats().catch((error: unknown) => {
          args.logger.warn({ event: 'trust-not-refreshed', error });
        });
        return;
      }
      const roles = new Map(round.members.map(({ address, role }) => [address, role]));
      await service
        .beginRound({ leaderAddress: member.address, roles }, owner.signal)
        .catch((error: unknown) => {
          if (!owner.isShuttingDown()) {
            args.logger.warn({ event: 'heartbeat-round-failed', error });
          }
        });
      observer.look();
      void reaper.look(round, owner.signal);
    });
    return service;
  },
};

const membership: FactoryProvider = {
  provide: Membership,
  inject: [
    DAEMON_ARGS,
    Daemon,
    StateDirectory,
    MemberIdentity,
    TrustStore,
    MemberRuntime,
    SchemaGate,
    HookRunner,
    Peers,
    ClusterRecords,
    Turnstile,
    ConsistencyCheck,
    Failpoints,
    ROUND_HANDLER,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    owner: Daemon,
    directory: StateDirectory,
    member: MemberIdentity,
    store: TrustStore,
    running: MemberRuntime,
    gate: SchemaGate,
    hooks: HookRunner,
    others: Peers,
    tables: ClusterRecords,
    turnstile: Turnstile,
    consistency: ConsistencyCheck,
    failpoints: Failpoints,
    rounds: LateBound<RoundHandler>,
  ) =>
    new Membership({
      args,
      daemon: owner,
      state: directory,
      identity: member,
      trust: store,
      runtime: running,
      schema: gate,
      hooks,
      peers: others,
      records: tables,
      turnstile,
      consistency,
      failpoints,
      additionalKeyPairs: () => loadAdditionalKeyPairs(directory.certificatesPath),
      logger: args.logger,
      onRound: (round) => rounds.get()(round),
    }),
};

const memberList: FactoryProvider = {
  provide: MemberList,
  inject: [DAEMON_ARGS, Daemon, MemberIdentity, ClusterRecords, SchemaGate, Peers],
  useFactory: (
    args: ParsedDaemonArgs,
    owner: Daemon,
    member: MemberIdentity,
    tables: ClusterRecords,
    gate: SchemaGate,
    others: Peers,
  ) => new MemberList(args, () => owner.databaseStatus(), member, tables, gate, others),
};

const propagation: FactoryProvider = {
  provide: TrustPropagation,
  inject: [TrustStore, Peers, DAEMON_ARGS],
  useFactory: (store: TrustStore, others: Peers, args: ParsedDaemonArgs) =>
    new TrustPropagation(store, others, args.logger),
};

const clusterState: FactoryProvider = {
  provide: ClusterState,
  inject: [
    DAEMON_ARGS,
    StateDirectory,
    MemberIdentity,
    TrustStore,
    Daemon,
    MemberRuntime,
    SchemaGate,
    Peers,
    DqliteDataSource,
    DeclaredServers,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    directory: StateDirectory,
    member: MemberIdentity,
    store: TrustStore,
    owner: Daemon,
    running: MemberRuntime,
    gate: SchemaGate,
    others: Peers,
    source: DqliteDataSource,
    servers: DeclaredServers,
  ) =>
    new ClusterState({
      args,
      directory,
      identity: member,
      trust: store,
      daemon: owner,
      runtime: running,
      schema: gate,
      peers: others,
      dataSource: source,
      servers,
    }),
};

/** The providers of the daemon's parts, in the order in which they build on each other. */
export const CORE_PROVIDERS: Provider[] = [
  EngineSlot,
  UpgradeBell,
  HookRunner,
  { provide: EventLog, useFactory: () => new EventLog() },
  FAILPOINT_PROVIDER,
  { provide: ROUND_HANDLER, useFactory: () => new LateBound<RoundHandler>('round handler') },
  { provide: RUNNING_MEMBER, useFactory: () => new LateBound<MemberRuntime>('running member') },
  { provide: DATABASE_STATUS, useFactory: () => new LateBound<Daemon>('daemon') },
  state,
  identity,
  trust,
  listeners,
  declared,
  servers,
  dataSource,
  { provide: DataSource, useExisting: DqliteDataSource },
  {
    provide: EntityManager,
    inject: [DqliteDataSource],
    useFactory: (source: DqliteDataSource) => source.manager,
  },
  runtime,
  schema,
  peers,
  configuration,
  records,
  daemon,
  schemaUpdates,
  heartbeats,
  membership,
  memberList,
  propagation,
  ...MEMBERSHIP_PROVIDERS,
  ...CERTIFICATE_PROVIDERS,
  ...OBSERVABILITY_PROVIDERS,
  ...EVENTS_PROVIDERS,
  ...BACKUP_PROVIDERS,
  clusterState,
];
