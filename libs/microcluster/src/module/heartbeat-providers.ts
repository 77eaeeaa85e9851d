/** Makes the rounds of heartbeats, and what a round triggers. */
import type { FactoryProvider, Provider } from '@nestjs/common';
import { ClusterObserver } from '../events/index.js';
import { HeartbeatService, randomDelay, SchemaAutoUpdate } from '../heartbeat/index.js';
import { HookRunner } from '../hooks/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { ClusterRecords } from '../membership/cluster-records.js';
import { Peers } from '../membership/peers.js';
import { Reaper } from '../membership/reaping/reaper.js';
import { ClusterWatch } from '../metrics/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { TrustStore } from '../trust/index.js';
import { ROUND_HANDLER, type RoundHandler } from './late-bound-providers.js';
import type { LateBound } from './late-bound.js';

const schemaUpdates: FactoryProvider = {
  provide: SchemaAutoUpdate,
  inject: [DAEMON_ARGS],
  useFactory: ({ logger, heartbeatIntervalMs }: ParsedDaemonArgs) =>
    new SchemaAutoUpdate({
      program: process.env['SCHEMA_UPDATE'] || undefined,
      logger,
      delayMs: () => randomDelay(heartbeatIntervalMs),
    }),
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
    identity: MemberIdentity,
    records: ClusterRecords,
    trust: TrustStore,
    runtime: MemberRuntime,
    peers: Peers,
    hooks: HookRunner,
    daemon: Daemon,
    reaper: Reaper,
    updates: SchemaAutoUpdate,
    watch: ClusterWatch,
    observer: ClusterObserver,
    rounds: LateBound<RoundHandler>,
  ) => {
    const service = new HeartbeatService({
      intervalMs: args.heartbeatIntervalMs,
      self: () => ({ name: identity.name, address: identity.address }),
      records,
      trust,
      leader: (signal) => runtime.opened.leader(signal),
      send: (address, info, signal) =>
        peers.with(address, (client) => client.heartbeat(info, { signal })),
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
      if (!daemon.databaseStatus().open) {
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
        .beginRound({ leaderAddress: identity.address, roles }, daemon.signal)
        .catch((error: unknown) => {
          if (!daemon.isShuttingDown()) {
            args.logger.warn({ event: 'heartbeat-round-failed', error });
          }
        });
      observer.look();
      void reaper.look(round, daemon.signal);
    });
    return service;
  },
};

/** They need the daemon and everything that a round looks after. */
export const HEARTBEAT_PROVIDERS: Provider[] = [schemaUpdates, heartbeats];
