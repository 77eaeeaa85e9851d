/** The daemon: owns the life of this member, from the start of the process to its end (`spec/core-api.md` 3). */
import type { LoggerService } from '@nestjs/common';
import { UNIX_LISTENER, type DaemonView } from '../access/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { HookRunner } from '../hooks/index.js';
import type { ListenerSet } from '../listeners/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { ServerListeners } from '../servers/server-listeners.js';
import type { StateDirectory } from '../state/index.js';
import type { TrustStore } from '../trust/index.js';
import {
  databaseStatus,
  nextState,
  type DatabaseStatus,
  type LifeCycleEvent,
  type LifeCycleState,
} from './life-cycle.js';
import type { MemberIdentity } from './member-identity.js';
import type { MemberRuntime } from './member-runtime.js';
import type { Waiting } from './schema-gate.js';

/** Brings an initialised member up again, or forgets it where the cluster has removed it; see `restartMember`. */
export type BringUp = (signal: AbortSignal, waiting: Waiting) => Promise<'member' | 'removed'>;

/** What a daemon is made of. */
export interface DaemonParts {
  readonly args: Pick<ParsedDaemonArgs, 'socketGroup' | 'drainConnectionsTimeout'>;
  readonly state: Pick<StateDirectory, 'controlSocketPath' | 'close'>;
  readonly identity: Pick<MemberIdentity, 'address' | 'hasCluster'>;
  readonly trust: Pick<TrustStore, 'byFingerprint' | 'close'>;
  readonly listeners: Pick<ListenerSet, 'openUnix' | 'settle' | 'closeAll'>;
  /** The listeners beside the control socket and the Core API's. */
  readonly servers: Pick<ServerListeners, 'checkCoreAddress' | 'openBeforeInit' | 'retirePreInit'>;
  readonly runtime: Pick<MemberRuntime, 'handOver' | 'closeListeners' | 'closeDatabase'>;
  readonly hooks: Pick<HookRunner, 'run'>;
  readonly logger: LoggerService;
  /** Whether the state directory belongs to a member of a cluster. */
  readonly isInitialised: () => Promise<boolean>;
  readonly restart: BringUp;
}

/** One state machine decides what may happen; everything else asks this object. */
export class Daemon implements DaemonView {
  private state: LifeCycleState = { name: 'starting' };
  private startFinished = false;
  private stopped: Promise<void> | undefined;
  private readonly context = new AbortController();
  private readonly drainOver = new AbortController();
  private readonly transitionListeners = new Set<(state: LifeCycleState) => void>();
  /** Ends a start that is under way when the member is forgotten meanwhile. */
  private readonly forgotten = new AbortController();
  private readonly exitListeners = new Set<(failure: Error | undefined) => void>();

  constructor(private readonly parts: DaemonParts) {}

  /** Aborts when the daemon stops; hooks and background work live at most this long. */
  get signal(): AbortSignal {
    return this.context.signal;
  }

  /**
   * Aborts when requests in flight have had their time to finish, with a drain limit of 0 as {@link signal} does:
   * the limit of work that a client waits for.
   */
  get drained(): AbortSignal {
    return this.drainOver.signal;
  }

  /** Whether the start sequence has finished, hook `start` included; true for an uninitialised daemon too. */
  get isReady(): boolean {
    return this.startFinished;
  }

  /** Whether this daemon belongs to a cluster, or is about to: a bootstrap or a join has begun. */
  get isMember(): boolean {
    return this.state.name !== 'not-initialised';
  }

  isShuttingDown(): boolean {
    return this.context.signal.aborted;
  }

  databaseStatus(): DatabaseStatus {
    return databaseStatus(this.state);
  }

  address(): string {
    return this.parts.identity.address;
  }

  trustedMember(fingerprint: string): { name: string; address: string } | undefined {
    return this.parts.trust.byFingerprint(fingerprint);
  }

  preInitTrustsEverybody(): boolean {
    // A bootstrap or join has begun, but the pre-init listener still shows the server's own certificate.
    return !this.isMember || !this.parts.identity.hasCluster;
  }

  /** Applies an event of the life cycle. @throws MicroclusterError 503 when it is not possible now */
  transition(event: LifeCycleEvent): void {
    const next = nextState(this.state, event);
    if (next === undefined) {
      throw new MicroclusterError('UNAVAILABLE', { reason: this.databaseStatus().text });
    }
    const blockedBy = next.name === 'waiting' ? { blockedBy: next.blockedBy } : {};
    this.parts.logger.log({
      event: 'life-cycle',
      from: this.state.name,
      to: next.name,
      ...blockedBy,
    });
    this.state = next;
    for (const listener of this.transitionListeners) listener(next);
  }

  /** Calls `listener` with the present state, and with each that follows. */
  onTransition(listener: (state: LifeCycleState) => void): void {
    this.transitionListeners.add(listener);
    listener(this.state);
  }

  /** Whether `event` would be accepted now. */
  accepts(event: LifeCycleEvent): boolean {
    return nextState(this.state, event) !== undefined;
  }

  /** Opens the control socket, brings an initialised member up, and runs the hook `start`. */
  async start(): Promise<void> {
    const { args, state, listeners, hooks } = this.parts;
    try {
      await listeners.openUnix({ path: state.controlSocketPath, group: args.socketGroup });
      if (await this.parts.isInitialised()) {
        await this.bringUp();
      } else {
        await this.openPreInitListener();
        this.transition({ type: 'uninitialised' });
      }
      await hooks.run('start', { signal: this.signal });
      this.startFinished = true;
    } catch (error) {
      await this.stop({ handover: false });
      await this.release();
      throw error;
    }
  }

  /** Brings a member up; one that the cluster removes meanwhile, as it may while it waits for an upgrade, is reset. */
  private async bringUp(): Promise<void> {
    const { signal: forgotten } = this.forgotten;
    try {
      const outcome = await this.parts.restart(
        AbortSignal.any([this.signal, forgotten]),
        (blockedBy) => {
          if (!forgotten.aborted) this.transition({ type: 'wait', blockedBy });
        },
      );
      if (forgotten.aborted) return;
      if (outcome === 'member') this.transition({ type: 'opened' });
      else await this.reset(() => Promise.resolve());
    } catch (error) {
      if (!forgotten.aborted) throw error;
    }
  }

  /** Checks an address that the Core API is to have against those of the servers. @throws MicroclusterError */
  checkCoreAddress(address: string): void {
    this.parts.servers.checkCoreAddress(address);
  }

  /** Opens what listens before initialisation: the pre-init listener and servers that are `preInit`. */
  async openPreInitListener(): Promise<void> {
    await this.parts.servers.openBeforeInit();
  }

  /** Stops accepting on the pre-init listener for good; requests in flight on it finish. */
  retirePreInitListener(): void {
    this.parts.servers.retirePreInit();
  }

  /**
   * Hands over, drains and stops everything but the control socket, which still has to carry the answer.
   * Idempotent: later callers wait for the first.
   */
  stop(options: { readonly handover: boolean } = { handover: true }): Promise<void> {
    this.stopped ??= this.runStop(options);
    return this.stopped;
  }

  /** Closes the control socket and lets go of the state directory; after {@link stop}. */
  async release(): Promise<void> {
    await this.parts.listeners.closeAll({ drainMs: this.parts.args.drainConnectionsTimeout });
    await this.parts.trust.close();
    await this.parts.state.close();
  }

  /**
   * Forgets this member in process: closes its database and network listeners, undoes its state by `forget`,
   * and is then as before its bootstrap or join (`spec/core-api.md` 16.5). The application goes on.
   *
   * @param forget removes the member's state; it must leave nothing of the member open
   * @throws MicroclusterError 503 when there is no member to forget
   */
  async reset(forget: () => Promise<void>): Promise<void> {
    this.transition({ type: 'reset' });
    this.forgotten.abort(new MicroclusterError('UNAVAILABLE', { reason: 'This member was reset' }));
    try {
      await forget();
      this.transition({ type: 'wiped' });
      await this.openPreInitListener();
    } catch (cause) {
      const failure = new MicroclusterError(
        'FAILED',
        {
          reason: `Failed to reset this member: ${cause instanceof Error ? cause.message : String(cause)}`,
        },
        { cause },
      );
      // Half a member is of no use; the next start completes the wipe.
      this.requestExit(failure);
      throw failure;
    }
  }

  /** Calls `listener` when a client has asked the daemon to shut down and has its answer. */
  onExitRequest(listener: (failure: Error | undefined) => void): void {
    this.exitListeners.add(listener);
  }

  /** Tells whoever owns the process that it should end now. */
  requestExit(failure?: Error): void {
    for (const listener of this.exitListeners) {
      listener(failure);
    }
  }

  private async runStop(options: { readonly handover: boolean }): Promise<void> {
    const { args, runtime } = this.parts;
    const drainMs = args.drainConnectionsTimeout;
    const reason = new MicroclusterError('SHUTTING_DOWN', {});
    this.transition({ type: 'stop' });
    this.context.abort(reason);
    if (drainMs === 0) this.drainOver.abort(reason);
    if (options.handover) await runtime.handOver();
    try {
      await Promise.all([
        runtime.closeListeners({ drainMs, awaitServers: options.handover }),
        this.settleControlSocket(drainMs),
      ]);
    } finally {
      this.drainOver.abort(reason);
      await runtime.closeDatabase();
    }
    this.transition({ type: 'stopped' });
  }

  /** Requests on the control socket need the database as much as those on the network do. */
  private async settleControlSocket(drainMs: number): Promise<void> {
    const { listeners, logger } = this.parts;
    const connections = await listeners.settle(UNIX_LISTENER, drainMs);
    if (connections > 0) {
      logger.warn({ event: 'connections-cut', listener: UNIX_LISTENER, connections });
    }
  }
}
