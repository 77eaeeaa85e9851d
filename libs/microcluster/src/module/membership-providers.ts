/** Makes what changes the membership of a cluster: bootstrap and join, removal, reset, and the check before them. */
import type { FactoryProvider, Provider } from '@nestjs/common';
import { FORWARD_TO_TARGET } from '../access/index.js';
import { loadAdditionalKeyPairs } from '../certificates/additional-key-pairs.js';
import { Failpoints } from '../failpoints/index.js';
import { HookRunner } from '../hooks/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { SchemaGate } from '../lifecycle/schema-gate.js';
import { UpgradeBell } from '../lifecycle/upgrade-bell.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { ConsistencyCheck } from '../membership/consistency/consistency-check.js';
import { Membership } from '../membership/membership.js';
import { Peers } from '../membership/peers.js';
import { Reaper } from '../membership/reaping/reaper.js';
import { MemberReset } from '../membership/removal/member-reset.js';
import { NetworkEffects } from '../membership/removal/removal-effects.js';
import { Removal } from '../membership/removal/removal.js';
import { SelfRemovalLatch } from '../membership/removal/self-removal-latch.js';
import { TargetProxy } from '../membership/target/target-proxy.js';
import { TrustPropagation } from '../membership/trust-propagation.js';
import { Turnstile } from '../membership/turnstile.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { StateDirectory } from '../state/index.js';
import { TrustStore } from '../trust/index.js';
import type { LateBound } from './late-bound.js';
import { ROUND_HANDLER, type RoundHandler } from './late-bound-providers.js';
import { forwarderOf } from './target-forwarding.js';

/** How many changes of membership may queue at the leader; more are asked to come back. */
const QUEUE = 64;

const consistency: FactoryProvider = {
  provide: ConsistencyCheck,
  inject: [MemberIdentity, TrustStore, MemberRuntime, ClusterRecords],
  useFactory: (
    identity: MemberIdentity,
    trust: TrustStore,
    runtime: MemberRuntime,
    records: ClusterRecords,
  ) => new ConsistencyCheck({ identity, trust, runtime, records }),
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
    daemon: Daemon,
    state: StateDirectory,
    identity: MemberIdentity,
    trust: TrustStore,
    runtime: MemberRuntime,
    schema: SchemaGate,
    hooks: HookRunner,
    peers: Peers,
    records: ClusterRecords,
    turnstile: Turnstile,
    check: ConsistencyCheck,
    failpoints: Failpoints,
    rounds: LateBound<RoundHandler>,
  ) =>
    new Membership({
      args,
      daemon,
      state,
      identity,
      trust,
      runtime,
      schema,
      hooks,
      peers,
      records,
      turnstile,
      consistency: check,
      failpoints,
      additionalKeyPairs: () => loadAdditionalKeyPairs(state.certificatesPath),
      logger: args.logger,
      onRound: (round) => rounds.get()(round),
    }),
};

const removal: FactoryProvider = {
  provide: Removal,
  inject: [
    DAEMON_ARGS,
    Daemon,
    MemberIdentity,
    TrustStore,
    MemberRuntime,
    ClusterRecords,
    Peers,
    TrustPropagation,
    HookRunner,
    ConsistencyCheck,
    SelfRemovalLatch,
    Turnstile,
    SchemaGate,
    UpgradeBell,
    Failpoints,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    daemon: Daemon,
    identity: MemberIdentity,
    trust: TrustStore,
    runtime: MemberRuntime,
    records: ClusterRecords,
    peers: Peers,
    propagation: TrustPropagation,
    hooks: HookRunner,
    check: ConsistencyCheck,
    latch: SelfRemovalLatch,
    turnstile: Turnstile,
    schema: SchemaGate,
    bell: UpgradeBell,
    failpoints: Failpoints,
  ) => {
    const isOpen = () => daemon.databaseStatus().open;
    const network = { args, identity, runtime, peers, propagation, hooks, isOpen };
    return new Removal({
      ...network,
      effects: new NetworkEffects(network),
      daemon,
      trust,
      schema,
      bell,
      records,
      consistency: check,
      latch,
      turnstile,
      failpoints,
      logger: args.logger,
    });
  },
};

const reset: FactoryProvider = {
  provide: MemberReset,
  inject: [
    DAEMON_ARGS,
    Daemon,
    StateDirectory,
    MemberIdentity,
    TrustStore,
    MemberRuntime,
    SelfRemovalLatch,
    Failpoints,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    daemon: Daemon,
    state: StateDirectory,
    identity: MemberIdentity,
    trust: TrustStore,
    runtime: MemberRuntime,
    latch: SelfRemovalLatch,
    failpoints: Failpoints,
  ) =>
    new MemberReset({
      daemon,
      state,
      identity,
      trust,
      runtime,
      latch,
      failpoints,
      logger: args.logger,
    }),
};

const reaper: FactoryProvider = {
  provide: Reaper,
  inject: [
    DAEMON_ARGS,
    MemberIdentity,
    MemberRuntime,
    ClusterRecords,
    Peers,
    TrustPropagation,
    HookRunner,
    Turnstile,
    Failpoints,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    identity: MemberIdentity,
    runtime: MemberRuntime,
    records: ClusterRecords,
    peers: Peers,
    propagation: TrustPropagation,
    hooks: HookRunner,
    turnstile: Turnstile,
    failpoints: Failpoints,
  ) => {
    // It looks after rounds of heartbeats, which only a member with an open database leads.
    const isOpen = () => true;
    const network = { args, identity, runtime, peers, propagation, hooks, isOpen };
    return new Reaper({
      ...network,
      effects: new NetworkEffects(network),
      records,
      turnstile,
      failpoints,
      logger: args.logger,
    });
  },
};

const proxy: FactoryProvider = {
  provide: TargetProxy,
  inject: [MemberIdentity, ClusterRecords, Peers],
  useFactory: (identity: MemberIdentity, records: ClusterRecords, peers: Peers) =>
    new TargetProxy({ identity, records, peers }),
};

/** They need the daemon, the database and the peers. */
export const MEMBERSHIP_PROVIDERS: Provider[] = [
  SelfRemovalLatch,
  { provide: Turnstile, useFactory: () => new Turnstile(QUEUE) },
  consistency,
  membership,
  removal,
  reset,
  reaper,
  proxy,
  { provide: FORWARD_TO_TARGET, inject: [TargetProxy], useFactory: forwarderOf },
];
