/** Makes the parts that tell how a daemon is: its health and its metrics. */
import type { FactoryProvider, Provider } from '@nestjs/common';
import { expiryOf } from '../certificates/index.js';
import { shownCertificates } from '../certificates/rotation/index.js';
import { CORE_LISTENER } from '../access/index.js';
import { EVENT_LOOP_LIMIT_MS, EventLoopWatch, Health } from '../health/index.js';
import { HeartbeatService } from '../heartbeat/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { ListenerSet } from '../listeners/index.js';
import { ClusterWatch, Metrics, MetricsListener, takeSnapshot } from '../metrics/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { EngineSlot } from '../replication/index.js';
import { InheritedSockets } from '../service-manager/index.js';
import { StateDirectory } from '../state/index.js';

/** When the certificates that this member shows end. */
type Expiries = () => Promise<{ readonly name: string; readonly expires: Date }[]>;
const EXPIRIES = Symbol('ends of certificates');

const expiries: FactoryProvider<Expiries> = {
  provide: EXPIRIES,
  inject: [MemberIdentity, StateDirectory],
  useFactory: (identity: MemberIdentity, state: StateDirectory) => async () => {
    const shown = await shownCertificates(identity, state);
    return shown.map(({ name, certificate }) => ({ name, expires: expiryOf(certificate) }));
  },
};

const eventLoop: FactoryProvider = {
  provide: EventLoopWatch,
  useFactory: () => new EventLoopWatch(EVENT_LOOP_LIMIT_MS),
};

const health: FactoryProvider = {
  provide: Health,
  inject: [DAEMON_ARGS, Daemon, MemberRuntime, EventLoopWatch, ListenerSet, EXPIRIES],
  useFactory: (
    args: ParsedDaemonArgs,
    daemon: Daemon,
    runtime: MemberRuntime,
    loop: EventLoopWatch,
    listeners: ListenerSet,
    certificates: Expiries,
  ) =>
    new Health({
      daemon,
      runtime,
      eventLoop: loop,
      isListening: () => listeners.has(CORE_LISTENER),
      certificates,
      limitMs: args.timeouts.probe,
    }),
};

const metrics: FactoryProvider = {
  provide: Metrics,
  inject: [
    DAEMON_ARGS,
    MemberIdentity,
    Daemon,
    MemberRuntime,
    ClusterWatch,
    HeartbeatService,
    StateDirectory,
    EngineSlot,
    EXPIRIES,
  ],
  useFactory: (
    { version }: ParsedDaemonArgs,
    identity: MemberIdentity,
    daemon: Daemon,
    runtime: MemberRuntime,
    watch: ClusterWatch,
    heartbeats: HeartbeatService,
    { databasePath }: StateDirectory,
    slot: EngineSlot,
    certificates: Expiries,
  ) => {
    const sources = {
      identity,
      version,
      daemon,
      runtime,
      watch,
      heartbeats,
      certificates,
      databasePath,
    };
    const made = new Metrics(() => takeSnapshot(sources));
    slot.observe(made.observeTransaction);
    return made;
  },
};

const listener: FactoryProvider = {
  provide: MetricsListener,
  inject: [DAEMON_ARGS, Metrics, InheritedSockets],
  useFactory: (args: ParsedDaemonArgs, all: Metrics, inherited: InheritedSockets) =>
    new MetricsListener(args.metrics.address, all, inherited, args.logger),
};

/** They need the daemon. */
export const OBSERVABILITY_PROVIDERS: Provider[] = [
  ClusterWatch,
  expiries,
  eventLoop,
  health,
  metrics,
  listener,
];
