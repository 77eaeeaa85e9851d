/** The application of a member, made in the process that this runs in. */
import type { INestApplication, LoggerService } from '@nestjs/common';
import { stopRequests, type Routes } from '@microcluster/nest/testing-seam';
import type { AddressSource } from '../address-book.js';
import { ClusterTestingModuleBuilder, type TestDaemonArgs } from '../module/index.js';
import { adjustmentFor } from '../module/test-settings.js';
import type { MemberPlan } from './cluster-member.js';
import type { MemberOverride } from './process/index.js';
import { resolveModule, type MemberModule } from './member-modules.js';

/** What an application is made of. */
export interface ApplicationParts {
  readonly plan: MemberPlan;
  readonly module: MemberModule;
  readonly logger: LoggerService;
  readonly addresses: AddressSource;
  readonly daemon: TestDaemonArgs;
  /** Where it dials the others. Default: at their addresses. */
  readonly routes?: Routes | undefined;
  /** Called with the builder before the application is made. */
  readonly override?: MemberOverride | undefined;
}

/**
 * Starts the application of a member.
 *
 * @param onStopRequest called when a client has asked the member to shut down and has its answer
 * @throws whatever the application throws; nothing of it runs then
 */
export async function startApplication(
  parts: ApplicationParts,
  onStopRequest: () => void,
): Promise<INestApplication> {
  const { plan, logger, addresses, daemon, routes, override } = parts;
  const adjustment = adjustmentFor({
    stateDir: plan.stateDir,
    engine: 'dqlite',
    logger,
    addresses,
    daemon,
    ...(routes !== undefined && { routes }),
  });
  const builder = new ClusterTestingModuleBuilder(
    { imports: [await resolveModule(parts.module, plan)] },
    { addresses, prepare: async () => ({ adjustment, dispose: async () => undefined }) },
  );
  override?.(builder, plan);
  const compiled = await builder.compile();
  const app = compiled.createNestApplication();
  try {
    await app.init();
  } catch (error) {
    await app.close().catch(() => undefined);
    throw error;
  }
  stopRequests(app, onStopRequest);
  return app;
}
