/** The providers of what changes the membership of a running cluster: removal, reset, and the check before both. */
import type { FactoryProvider, Provider } from '@nestjs/common';
import { HookRunner } from '../hooks/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { ConsistencyCheck } from '../membership/consistency/consistency-check.js';
import { Peers } from '../membership/peers.js';
import { MemberReset } from '../membership/removal/member-reset.js';
import { Removal } from '../membership/removal/removal.js';
import { SelfRemovalLatch } from '../membership/removal/self-removal-latch.js';
import { TrustPropagation } from '../membership/trust-propagation.js';
import { Turnstile } from '../membership/turnstile.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { StateDirectory } from '../state/index.js';
import { TrustStore } from '../trust/index.js';

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
  ) =>
    new Removal({
      args,
      daemon,
      identity,
      trust,
      runtime,
      records,
      peers,
      propagation,
      hooks,
      consistency: check,
      latch,
      turnstile,
      logger: args.logger,
    }),
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
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    daemon: Daemon,
    state: StateDirectory,
    identity: MemberIdentity,
    trust: TrustStore,
    runtime: MemberRuntime,
    latch: SelfRemovalLatch,
  ) => new MemberReset({ daemon, state, identity, trust, runtime, latch, logger: args.logger }),
};

/** They need the providers of `core-providers.ts`. */
export const MEMBERSHIP_PROVIDERS: Provider[] = [
  SelfRemovalLatch,
  { provide: Turnstile, useFactory: () => new Turnstile(QUEUE) },
  consistency,
  removal,
  reset,
];
