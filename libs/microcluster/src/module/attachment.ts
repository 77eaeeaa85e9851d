/** Puts the daemon behind the HTTP adapter: access decisions, Core API, tunnel, and the user's servers. */
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { EVENTS_PATH, EventsEndpoints } from '../core-api/events.endpoints.js';
import { CORE_ENDPOINTS } from '../core-api/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import type { Tunnel } from '../listeners/index.js';
import { TargetProxy } from '../membership/target/target-proxy.js';
import { Metrics, metricsRoute } from '../metrics/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { acceptTunnel } from '../replication/index.js';
import { DeclaredServers } from '../servers/index.js';
import { adapterOf } from './attach-daemon.js';
import { forwardTargets } from './target-forwarding.js';

/** Done once, when the application is initialised and before its routes are registered. */
@Injectable()
export class Attachment {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly modules: ModuleRef,
    private readonly daemon: Daemon,
    private readonly runtime: MemberRuntime,
    private readonly declared: DeclaredServers,
    private readonly proxy: TargetProxy,
    private readonly metrics: Metrics,
    @Inject(DAEMON_ARGS) private readonly args: ParsedDaemonArgs,
  ) {}

  /** @throws TypeError when the application has another adapter; MicroclusterError for contradicting settings */
  attach(): void {
    const adapter = adapterOf(this.host);
    adapter.attach(this.daemon);
    for (const endpoints of CORE_ENDPOINTS) {
      adapter.serveCore(this.modules.get(endpoints));
    }
    adapter.addCoreRoute(metricsRoute(this.metrics, this.args.metrics));
    adapter.observeRequests(this.metrics.observeRequest);
    const events = this.modules.get(EventsEndpoints);
    adapter.serveCoreUpgrade(EVENTS_PATH, (upgrade) => events.upgrade(upgrade));
    forwardTargets(adapter, this.proxy);
    adapter.serveTunnel((tunnel) => {
      this.accept(tunnel);
    });
    for (const server of this.declared.all) adapter.defineServer(server.name, server);
    for (const { name, resources } of this.declared.all) {
      for (const controller of resources) adapter.assignServer(controller, name);
    }
  }

  private accept(tunnel: Tunnel): void {
    if (!this.runtime.isOpen) {
      tunnel.socket.destroy();
      return;
    }
    acceptTunnel(this.runtime.opened, tunnel).catch((error: unknown) => {
      this.args.logger.warn({ event: 'tunnel-refused', error });
    });
  }
}
