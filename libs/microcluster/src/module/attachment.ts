/** Puts the daemon behind the HTTP adapter: access decisions, Core API, tunnel, and the user's servers. */
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { CORE_ENDPOINTS } from '../core-api/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import type { Tunnel } from '../listeners/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { acceptTunnel } from '../replication/index.js';
import { adapterOf } from './attach-daemon.js';

/** Done once, when the application is initialised and before its routes are registered. */
@Injectable()
export class Attachment {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly modules: ModuleRef,
    private readonly daemon: Daemon,
    private readonly runtime: MemberRuntime,
    @Inject(DAEMON_ARGS) private readonly args: ParsedDaemonArgs,
  ) {}

  /** @throws TypeError when the application has another adapter; MicroclusterError for contradicting settings */
  attach(): void {
    const adapter = adapterOf(this.host);
    adapter.attach(this.daemon);
    for (const endpoints of CORE_ENDPOINTS) {
      adapter.serveCore(this.modules.get(endpoints));
    }
    adapter.serveTunnel((tunnel) => {
      this.accept(tunnel);
    });
    for (const [name, server] of Object.entries(this.args.servers)) {
      const { coreApi = false, preInit = false, serveUnix = false, resources } = server;
      for (const controller of resources) {
        adapter.assignListeners(controller, {
          coreApi,
          preInit,
          serveUnix,
          servers: coreApi ? [] : [name],
        });
      }
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
