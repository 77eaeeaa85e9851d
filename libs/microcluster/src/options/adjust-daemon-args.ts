/** Lets a testing module change what the application passed to `forRoot`, before it is checked. */
import type { ValueProvider } from '@nestjs/common';
import type { DaemonArgs } from './daemon-args.js';
import type { AdjustedDaemonArgs } from './routes.js';

/** Returns the settings to use instead of `args`. */
export type DaemonArgsAdjustment = (
  args: DaemonArgs,
) => AdjustedDaemonArgs | Promise<AdjustedDaemonArgs>;

/** Token of the adjustment; `@microcluster/testing` overrides its provider. */
export const DAEMON_ARGS_ADJUSTMENT = Symbol.for('@microcluster/nest:daemon-args-adjustment');

/** Outside of tests the settings are used as they were given. */
export const UNADJUSTED: ValueProvider<DaemonArgsAdjustment> = {
  provide: DAEMON_ARGS_ADJUSTMENT,
  useValue: (args) => args,
};
