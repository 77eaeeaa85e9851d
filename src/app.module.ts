/** The example application: a cluster member that keeps items. */
import { Module, type Type } from '@nestjs/common';
import { MicroclusterModule, type DaemonTimeouts } from '@microcluster/nest';
import { ExtendedController } from './extended/extended.controller.js';
import { ExtendedModule } from './extended/extended.module.js';
import { CreateItems1700000000000 } from './items/create-items.migration.js';
import { Item } from './items/item.entity.js';
import { ItemsController } from './items/items.controller.js';
import { ItemsModule } from './items/items.module.js';

/** What the command line decides; everything else is fixed in this file. */
export interface AppOptions {
  readonly stateDir: string;
  readonly version: string;
  readonly socketGroup?: string;
  readonly heartbeatIntervalMs?: number;
  readonly networkLatencyMs?: number;
  /** Where metrics are served by plain HTTP, beside the control socket. */
  readonly metricsAddress?: string;
  readonly drainConnectionsTimeout?: number;
  readonly timeouts?: DaemonTimeouts;
}

/** The root module of a daemon with these options. */
export function appModule({ metricsAddress, ...options }: AppOptions): Type {
  @Module({
    imports: [
      MicroclusterModule.forRoot({
        ...options,
        ...(metricsAddress === undefined ? {} : { metrics: { address: metricsAddress } }),
        entities: [Item],
        extensionsSchema: [CreateItems1700000000000],
        apiExtensions: ['items'],
        servers: {
          items: { coreApi: true, serveUnix: true, resources: [ItemsController] },
          extended: { coreApi: true, serveUnix: true, resources: [ExtendedController] },
        },
      }),
      ItemsModule,
      ExtendedModule,
    ],
  })
  class AppModule {}
  return AppModule;
}
