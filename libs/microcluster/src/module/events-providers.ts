/** The providers of what reports the events of the cluster. */
import {
  Injectable,
  type BeforeApplicationShutdown,
  type FactoryProvider,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { fingerprintOf } from '../certificates/index.js';
import { ClusterEvents, ClusterObserver, EventLog, EventStreams } from '../events/index.js';
import { OnNewMember, OnPostRemove } from '../hooks/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { TrustStore } from '../trust/index.js';

const eventLog: FactoryProvider = { provide: EventLog, useFactory: () => new EventLog() };

const events: FactoryProvider = {
  provide: ClusterEvents,
  inject: [EventLog, DAEMON_ARGS],
  useFactory: (log: EventLog, { logger }: ParsedDaemonArgs) => new ClusterEvents(log, logger),
};

const streams: FactoryProvider = {
  provide: EventStreams,
  inject: [EventLog, Daemon],
  useFactory: (log: EventLog, daemon: Daemon) => new EventStreams(log, {}, daemon.signal),
};

const observer: FactoryProvider = {
  provide: ClusterObserver,
  inject: [
    DAEMON_ARGS,
    Daemon,
    MemberIdentity,
    MemberRuntime,
    ClusterRecords,
    TrustStore,
    EventLog,
  ],
  useFactory: (
    args: ParsedDaemonArgs,
    daemon: Daemon,
    identity: MemberIdentity,
    runtime: MemberRuntime,
    records: ClusterRecords,
    trust: TrustStore,
    log: EventLog,
  ) => {
    const made = new ClusterObserver({
      intervalMs: args.heartbeatIntervalMs,
      self: () => identity.name,
      state: () => {
        if (!daemon.isMember) return 'forgotten';
        return daemon.databaseStatus().transactions && runtime.isOpen ? 'open' : 'closed';
      },
      replication: (signal) => runtime.opened.view(signal),
      rows: async () => {
        const rows = await records.read(({ members }) => members.list());
        return rows.map((row) => ({ ...row, fingerprint: fingerprintOf(row.certificate) }));
      },
      now: () => new Date(),
      log,
      logger: args.logger,
    });
    // Members come and go through the trust store, at the moment at which they do.
    trust.onChange(() => made.look());
    return made;
  },
};

/** Looks while the daemon runs, and at once when a hook says that something has happened. */
@Injectable()
export class ObservedMoments
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(
    private readonly observer: ClusterObserver,
    private readonly events: ClusterEvents,
  ) {}

  onApplicationBootstrap(): void {
    this.observer.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.observer.close();
  }

  onApplicationShutdown(): void {
    this.events.complete();
  }

  @OnNewMember()
  memberJoined(): void {
    this.observer.look();
  }

  @OnPostRemove()
  memberLeft(): void {
    this.observer.look();
  }
}

/** They need the daemon. */
export const EVENTS_PROVIDERS: Provider[] = [eventLog, events, streams, observer, ObservedMoments];
