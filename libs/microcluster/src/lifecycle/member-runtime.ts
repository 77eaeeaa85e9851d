/** The running side of an initialised member: its network listener, its engine and its open data source. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { Socket } from 'node:net';
import type { LoggerService } from '@nestjs/common';
import type { DqliteDataSource, TunnelTrust } from '@microcluster/dqlite';
import { MicroclusterError } from '../errors/index.js';
import type { ListenerSet } from '../listeners/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import {
  openEngine,
  type EngineSlot,
  type EngineRound,
  type OpenEngine,
  type OpenPlan,
} from '../replication/index.js';
import type { ServerListeners } from '../servers/server-listeners.js';
import type { StateDirectory } from '../state/index.js';
import type { TrustStore } from '../trust/index.js';
import type { MemberIdentity } from './member-identity.js';

/** Name of the listener at the member's address. */
const CORE_LISTENER = 'core';

/** Opens and closes, in the right order, everything that exists only while this machine is a member. */
export class MemberRuntime {
  private engine: OpenEngine | undefined;
  private unfollowTrust: (() => void) | undefined;
  private readonly removalListeners = new Set<() => void>();

  constructor(
    private readonly args: ParsedDaemonArgs,
    private readonly state: StateDirectory,
    private readonly identity: MemberIdentity,
    private readonly trust: TrustStore,
    private readonly listeners: ListenerSet,
    private readonly servers: ServerListeners,
    private readonly slot: EngineSlot,
    private readonly dataSource: DqliteDataSource,
    private readonly logger: LoggerService,
  ) {}

  /**
   * The open engine.
   * @throws MicroclusterError `NOT_INITIALISED` when there is none
   */
  get opened(): OpenEngine {
    if (this.engine === undefined) {
      throw new MicroclusterError('NOT_INITIALISED', {});
    }
    return this.engine;
  }

  /** Calls `listener` when the cluster has taken this member out of the replication. */
  onRemoved(listener: () => void): void {
    this.removalListeners.add(listener);
  }

  get isOpen(): boolean {
    return this.engine !== undefined;
  }

  /** Hands an inbound socket of a member to the engine; without one the socket is closed. */
  acceptRaw(socket: Socket, head: Buffer): void {
    if (this.engine === undefined) {
      socket.destroy();
    } else {
      this.engine.acceptRaw(socket, head);
    }
  }

  /** The listeners open before the engine: peers must be able to reach the node while it looks for a leader. */
  async openListener(): Promise<void> {
    const { cluster } = this.identity;
    await this.listeners.openTls({
      name: CORE_LISTENER,
      address: this.identity.address,
      keyPair: cluster,
      drainTimeoutMs: this.args.drainConnectionsTimeout,
    });
    await this.servers.openAsMember();
  }

  /**
   * Starts the engine by `plan` and connects the data source to it.
   * @param onRound called after each round of role checks, once the data source is open
   */
  async openDatabase(
    plan: OpenPlan,
    signal: AbortSignal,
    onRound: (round: EngineRound) => Promise<void>,
  ): Promise<void> {
    const config = await this.state.readDaemonConfig();
    const engine = await openEngine(
      { ...this.args, failureDomain: config?.['failure-domain'] ?? this.args.failureDomain },
      {
        plan,
        address: this.identity.address,
        directory: this.state.databasePath,
        trust: this.tunnelTrust(),
        signal,
      },
      async (round) => {
        if (this.engine !== undefined && this.dataSource.isInitialized) {
          await onRound(round);
        }
      },
    );
    this.engine = engine;
    engine.onRemoved(() => {
      if (this.engine !== engine) return;
      for (const listener of this.removalListeners) listener();
    });
    this.unfollowTrust = this.trust.onChange(() => {
      this.pushTrust();
    });
    await engine.updateTrust(this.tunnelTrust());
    await engine.ready(signal);
    this.slot.set(engine.sql);
    // Whoever has led until now may be gone: the first statement gets as long as the database got to be ready.
    const limits = { signal, deadlineMs: this.args.timeouts.ready };
    await this.dataSource.withOptions(limits, () => this.dataSource.initialize());
  }

  /** Lets other members take over, as far as there are any. A failure is logged and nothing more. */
  async handOver(): Promise<void> {
    const limit = timeLimit(this.args.timeouts.handover);
    await this.engine?.handover(limit).catch((error: unknown) => {
      this.logger.warn({ event: 'handover-failed', error });
    });
  }

  /**
   * Closes the network listeners; the database is still there for requests in flight. Idempotent.
   *
   * @param options.drainMs how long requests on the Core API's listener may take, milliseconds
   * @param options.awaitServers whether to wait for those on the listeners of servers, too
   */
  async closeListeners(options: {
    readonly drainMs: number;
    readonly awaitServers: boolean;
  }): Promise<void> {
    await Promise.all([
      this.listeners.close(CORE_LISTENER, { drainMs: options.drainMs }),
      options.awaitServers ? this.servers.close() : this.servers.retire(),
    ]);
  }

  /** Closes what {@link openDatabase} opened. Idempotent. */
  async closeDatabase(): Promise<void> {
    const engine = this.engine;
    this.engine = undefined;
    this.unfollowTrust?.();
    this.unfollowTrust = undefined;
    if (this.dataSource.isInitialized) {
      await this.dataSource.destroy();
    }
    this.slot.set(undefined);
    await engine?.close();
  }

  /** Closes everything at once, for a reset, which a request in flight may have caused. Idempotent. */
  async close(): Promise<void> {
    await this.closeListeners({ drainMs: 0, awaitServers: false });
    await this.closeDatabase();
  }

  /** Gives the engine the current keys and trusted members; a peer that is no longer among them is cut off. */
  async refreshTrust(): Promise<void> {
    await this.engine?.updateTrust(this.tunnelTrust());
  }

  /** As {@link refreshTrust}, in the background. */
  pushTrust(): void {
    this.refreshTrust().catch((error: unknown) => {
      this.logger.error({ event: 'trust-update-failed', error });
    });
  }

  private tunnelTrust(): TunnelTrust {
    const { cluster } = this.identity;
    return {
      identity: this.identity.dialling,
      serving: { certificate: cluster.certificate, privateKey: cluster.privateKey },
      trustedServers: [...this.identity.trustedCluster],
      trustedPeers: this.trust.certificates(),
    };
  }
}
