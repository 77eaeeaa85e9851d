/** Ties the daemon's life to that of the Nest application. */
import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { HeartbeatService, SchemaAutoUpdate } from '../heartbeat/index.js';
import { Daemon } from '../lifecycle/daemon.js';

/**
 * Starts the daemon once all routes are registered. Leadership is handed over in
 * `beforeApplicationShutdown`, while peers can still reach this member; the control socket goes last.
 */
@Injectable()
export class DaemonLifetime
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(
    private readonly daemon: Daemon,
    private readonly heartbeats: HeartbeatService,
    private readonly schemaUpdates: SchemaAutoUpdate,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.daemon.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.schemaUpdates.close();
    await this.heartbeats.close();
    await this.daemon.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.daemon.release();
  }
}
