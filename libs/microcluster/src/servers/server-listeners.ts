/** The network listeners beside the Core API's: the pre-init listener and those of additional servers. */
import type { LoggerService } from '@nestjs/common';
import { PRE_INIT_LISTENER } from '../access/index.js';
import type { KeyPair } from '../certificates/index.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { ListenerSet } from '../listeners/index.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { StateDirectory } from '../state/index.js';
import type { ServerConfigs } from '../types/index.js';
import type { DeclaredServer, DeclaredServers } from './declared-servers.js';
import {
  changesBetween,
  independentAddresses,
  planListeners,
  type ListenerAddresses,
} from './listener-plan.js';
import { chooseCertificate } from './server-certificate.js';

/** What the listeners are made of. */
export interface ServerListenersParts {
  readonly args: ParsedDaemonArgs;
  readonly declared: DeclaredServers;
  readonly state: StateDirectory;
  readonly identity: MemberIdentity;
  readonly listeners: ListenerSet;
  readonly logger: LoggerService;
}

/** Opens and closes them at the points of the daemon's life, and when their configuration changes. */
export class ServerListeners {
  private readonly open = new Map<string, string>();
  private last: Promise<void> = Promise.resolve();
  private initialised = false;

  constructor(private readonly parts: ServerListenersParts) {}

  /** @throws MicroclusterError `SERVER_SETTINGS` when a declared address is also that of the Core API */
  checkCoreAddress(address: string): void {
    this.parts.declared.checkAddresses(address);
  }

  /**
   * Before initialisation: opens the pre-init listener, where one is configured, and the additional servers
   * that exist already now. Also after a failed initialisation and after a reset.
   */
  async openBeforeInit(): Promise<void> {
    const { args, identity, listeners } = this.parts;
    this.initialised = false;
    const address = args.preInitListenAddress;
    if (address !== undefined) {
      identity.address = address;
      if (listeners.has(PRE_INIT_LISTENER)) {
        listeners.setKeyPair(PRE_INIT_LISTENER, identity.server);
      } else {
        await listeners.openTls({
          name: PRE_INIT_LISTENER,
          address,
          keyPair: identity.server,
          drainTimeoutMs: args.drainConnectionsTimeout,
        });
      }
    }
    await this.reconcile({});
  }

  /** Stops accepting on the pre-init listener for good; requests in flight on it finish. */
  retirePreInit(): void {
    const { args, listeners } = this.parts;
    listeners.retire(PRE_INIT_LISTENER, { drainMs: args.timeouts.ready });
  }

  /** As a member, once the Core API listens: opens what is declared or configured in `daemon.yaml`. */
  async openAsMember(): Promise<void> {
    this.initialised = true;
    this.retirePreInit();
    const config = await this.parts.state.readDaemonConfig();
    await this.reconcile(config?.servers ?? {});
  }

  /**
   * Opens, moves and closes additional listeners so that they follow `configured`. Those that do not change
   * are left alone. Either everything changes or nothing does.
   *
   * @param commit runs when all new listeners are open; when it fails, everything is undone
   * @throws MicroclusterError `LISTENER_ALREADY_RUNNING`, `LISTEN_FAILED`, `INVALID_KEY_PAIR`
   */
  reconcile(
    configured: ServerConfigs,
    commit: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    const result = this.last.then(() => this.change(this.planned(configured), commit));
    this.last = result.catch(() => undefined);
    return result;
  }

  /**
   * Shows the current certificates on all open listeners; connections that are open keep theirs. A listener whose own
   * pair cannot be used, as while somebody exchanges its files by hand, goes on with the one that it shows: the change
   * that others wait for is done by then, and is none of its business.
   */
  async refreshCertificates(): Promise<void> {
    const { listeners, identity, logger } = this.parts;
    if (listeners.has(PRE_INIT_LISTENER)) {
      listeners.setKeyPair(PRE_INIT_LISTENER, identity.server);
    }
    for (const name of this.open.keys()) {
      const server = this.parts.declared.additionalNamed(name);
      if (server === undefined || !listeners.has(name)) continue;
      try {
        listeners.setKeyPair(name, await this.keyPairOf(server));
      } catch (error) {
        logger.error({ event: 'listener-certificate-kept', listener: name, error });
      }
    }
  }

  /**
   * Closes all of them at once: each stops accepting, lets requests in flight finish within the drain limit
   * of its server, and cuts the rest.
   */
  async close(): Promise<void> {
    const { listeners, logger } = this.parts;
    const names = [PRE_INIT_LISTENER, ...this.open.keys()];
    this.open.clear();
    const cut = await Promise.all(
      names.map(async (name) => ({ name, connections: await listeners.close(name) })),
    );
    for (const { name, connections } of cut) {
      if (connections > 0) logger.warn({ event: 'connections-cut', listener: name, connections });
    }
  }

  /** As {@link close}, without waiting: for a reset, which a request on one of them may have caused. */
  retire(): void {
    for (const name of this.open.keys()) this.parts.listeners.retire(name, this.longDrain());
    this.open.clear();
  }

  private planned(configured: ServerConfigs): ListenerAddresses {
    return planListeners({
      servers: this.parts.declared.all,
      configured,
      initialised: this.initialised,
      coreAddress: this.parts.identity.address,
    });
  }

  private async change(wanted: ListenerAddresses, commit: () => Promise<void>): Promise<void> {
    const { listeners } = this.parts;
    const changes = changesBetween(this.open, wanted);
    const before = new Map(this.open);
    for (const address of independentAddresses(changes)) await listeners.requireFree(address);
    for (const [name] of changes.removed) this.retireOne(name, {});
    for (const [name] of changes.moved) this.retireOne(name, this.longDrain());
    try {
      for (const [name, address] of changes.opened) await this.openOne(name, address);
      await commit();
    } catch (error) {
      await this.restore(before);
      throw error;
    }
    await this.refreshCertificates();
  }

  /** Back to what was open before; what cannot be opened again is said once and left closed. */
  private async restore(before: ListenerAddresses): Promise<void> {
    const { removed, moved, opened } = changesBetween(this.open, before);
    for (const name of [...removed.keys(), ...moved.keys()]) this.retireOne(name, {});
    for (const [name, address] of opened) {
      await this.openOne(name, address).catch((error: unknown) => {
        this.parts.logger.error({ event: 'listener-not-restored', listener: name, address, error });
      });
    }
  }

  private async openOne(name: string, address: string): Promise<void> {
    const { declared, listeners, logger } = this.parts;
    const server = declared.additionalNamed(name);
    if (server === undefined) return;
    await listeners.openTls({
      name,
      address,
      keyPair: await this.keyPairOf(server),
      drainTimeoutMs: server.drainTimeoutMs,
    });
    this.open.set(name, address);
    logger.log({ event: 'listener-opened', listener: name, address });
  }

  private retireOne(name: string, options: { readonly drainMs?: number }): void {
    const { listeners, logger } = this.parts;
    logger.log({ event: 'listener-closed', listener: name, address: this.open.get(name) ?? '' });
    this.open.delete(name);
    listeners.retire(name, options);
  }

  /** For a listener that only moves: its requests in flight are not cut (`spec/core-api.md` 23.2). */
  private longDrain(): { readonly drainMs: number } {
    return { drainMs: this.parts.args.timeouts.request };
  }

  private async keyPairOf(server: DeclaredServer): Promise<KeyPair> {
    const { state, identity } = this.parts;
    const core = identity.hasCluster && this.initialised ? identity.cluster : identity.server;
    return (await chooseCertificate(server, state.certificatesPath, core)).keyPair;
  }
}
