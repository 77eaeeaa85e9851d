/** Makes the daemon itself, what runs while it is a member, and the view of both that applications get. */
import type { FactoryProvider, Provider } from '@nestjs/common';
import { DqliteDataSource } from '@microcluster/dqlite';
import { ClusterState } from '../cluster-state/index.js';
import { Failpoints } from '../failpoints/index.js';
import { HookRunner } from '../hooks/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { SchemaGate } from '../lifecycle/schema-gate.js';
import { ListenerSet } from '../listeners/index.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { Peers } from '../membership/peers.js';
import { isInitialised } from '../membership/recover-start.js';
import { restartMember } from '../membership/restart.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { EngineSlot } from '../replication/index.js';
import { DeclaredServers, ServerListeners } from '../servers/index.js';
import { StateDirectory } from '../state/index.js';
import { TrustStore } from '../trust/index.js';
import {
  DATABASE_STATUS,
  ROUND_HANDLER,
  RUNNING_MEMBER,
  type RoundHandler,
} from './late-bound-providers.js';
import type { LateBound } from './late-bound.js';

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
    state: StateDirectory,
    identity: MemberIdentity,
    trust: TrustStore,
    listeners: ListenerSet,
    servers: ServerListeners,
    slot: EngineSlot,
    dataSource: DqliteDataSource,
    self: LateBound<MemberRuntime>,
  ) => {
    const made = new MemberRuntime(
      args,
      state,
      identity,
      trust,
      listeners,
      servers,
      slot,
      dataSource,
      args.logger,
    );
    self.set(made);
    return made;
  },
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
    state: StateDirectory,
    identity: MemberIdentity,
    trust: TrustStore,
    listeners: ListenerSet,
    servers: ServerListeners,
    running: MemberRuntime,
    schema: SchemaGate,
    peers: Peers,
    records: ClusterRecords,
    hooks: HookRunner,
    failpoints: Failpoints,
    rounds: LateBound<RoundHandler>,
    self: LateBound<Daemon>,
  ) => {
    const parts = {
      args,
      state,
      identity,
      trust,
      listeners,
      servers,
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
            schema,
            peers,
            records,
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
    state: StateDirectory,
    identity: MemberIdentity,
    trust: TrustStore,
    owner: Daemon,
    running: MemberRuntime,
    schema: SchemaGate,
    peers: Peers,
    dataSource: DqliteDataSource,
    servers: DeclaredServers,
  ) =>
    new ClusterState({
      args,
      directory: state,
      identity,
      trust,
      daemon: owner,
      runtime: running,
      schema,
      peers,
      dataSource,
      servers,
    }),
};

/** They need the identity, the listeners and the database. */
export const DAEMON_PROVIDERS: Provider[] = [HookRunner, runtime, daemon, clusterState];
