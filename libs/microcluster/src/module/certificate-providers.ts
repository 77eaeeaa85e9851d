/** Makes the parts that replace certificates and keep them fresh. */
import type { FactoryProvider } from '@nestjs/common';
import {
  CertificateCatchUp,
  CertificateRotation,
  CertificateUpkeep,
  Deliveries,
  IdentityRotation,
  LocalCertificates,
} from '../certificates/rotation/index.js';
import { EventLog } from '../events/index.js';
import { Failpoints } from '../failpoints/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { ListenerSet } from '../listeners/index.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { Peers } from '../membership/peers.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { DeclaredServers, ServerListeners } from '../servers/index.js';
import { StateDirectory } from '../state/index.js';
import { TrustStore } from '../trust/index.js';

const deliveries: FactoryProvider = {
  provide: Deliveries,
  inject: [StateDirectory],
  useFactory: (state: StateDirectory) => new Deliveries(state.certificatesPath),
};

const local: FactoryProvider = {
  provide: LocalCertificates,
  inject: [
    DAEMON_ARGS,
    StateDirectory,
    MemberIdentity,
    DeclaredServers,
    ServerListeners,
    ListenerSet,
    Daemon,
    MemberRuntime,
    EventLog,
    Failpoints,
  ],
  useFactory: (
    { logger }: ParsedDaemonArgs,
    state: StateDirectory,
    identity: MemberIdentity,
    declared: DeclaredServers,
    servers: ServerListeners,
    listeners: ListenerSet,
    daemon: Daemon,
    runtime: MemberRuntime,
    events: EventLog,
    failpoints: Failpoints,
  ) =>
    new LocalCertificates({
      state,
      identity,
      declared,
      servers,
      listeners,
      failpoints,
      logger,
      isMember: () => daemon.isMember,
      refreshTrust: () => runtime.refreshTrust(),
      onReplaced: (certificate, before, to) => {
        const from = before ?? null;
        const [time, member] = [new Date(), identity.name];
        events.append({ type: 'certificate-updated', time, member, certificate, from, to });
      },
    }),
};

const rotation: FactoryProvider = {
  provide: CertificateRotation,
  inject: [DAEMON_ARGS, LocalCertificates, Peers, Deliveries, Daemon, Failpoints],
  useFactory: (
    args: ParsedDaemonArgs,
    certificates: LocalCertificates,
    peers: Peers,
    pending: Deliveries,
    daemon: Daemon,
    failpoints: Failpoints,
  ) =>
    new CertificateRotation({
      args,
      local: certificates,
      peers,
      deliveries: pending,
      failpoints,
      logger: args.logger,
      isOpen: () => daemon.databaseStatus().open,
    }),
};

const identityRotation: FactoryProvider = {
  provide: IdentityRotation,
  inject: [
    DAEMON_ARGS,
    StateDirectory,
    MemberIdentity,
    TrustStore,
    Peers,
    ClusterRecords,
    MemberRuntime,
    Failpoints,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    state: StateDirectory,
    identity: MemberIdentity,
    trust: TrustStore,
    peers: Peers,
    records: ClusterRecords,
    runtime: MemberRuntime,
    failpoints: Failpoints,
  ) =>
    new IdentityRotation({
      args,
      state,
      identity,
      trust,
      peers,
      records,
      failpoints,
      logger: args.logger,
      refreshTrust: () => runtime.refreshTrust(),
    }),
};

const catchUp: FactoryProvider = {
  provide: CertificateCatchUp,
  inject: [DAEMON_ARGS, StateDirectory, MemberIdentity, Peers, LocalCertificates, Deliveries],
  useFactory: (
    args: ParsedDaemonArgs,
    state: StateDirectory,
    identity: MemberIdentity,
    peers: Peers,
    certificates: LocalCertificates,
    pending: Deliveries,
  ) =>
    new CertificateCatchUp({
      args,
      state,
      identity,
      peers,
      local: certificates,
      deliveries: pending,
      logger: args.logger,
    }),
};

const upkeep: FactoryProvider = {
  provide: CertificateUpkeep,
  inject: [DAEMON_ARGS, StateDirectory, MemberIdentity, CertificateCatchUp],
  useFactory: (
    args: ParsedDaemonArgs,
    state: StateDirectory,
    identity: MemberIdentity,
    laggards: CertificateCatchUp,
  ) =>
    new CertificateUpkeep({
      intervalMs: args.heartbeatIntervalMs,
      state,
      identity,
      catchUp: laggards,
      logger: args.logger,
    }),
};

/** In the order in which they build on each other. */
export const CERTIFICATE_PROVIDERS = [
  deliveries,
  local,
  rotation,
  identityRotation,
  catchUp,
  upkeep,
];
