/** Makes the points at which a test can stop an operation; without a test they do nothing. */
import type { FactoryProvider } from '@nestjs/common';
import { FAILPOINT_ACTION, Failpoints, type FailpointAction } from '../failpoints/index.js';

export const FAILPOINT_PROVIDER: FactoryProvider<Failpoints> = {
  provide: Failpoints,
  inject: [{ token: FAILPOINT_ACTION, optional: true }],
  useFactory: (action?: FailpointAction) => new Failpoints(action),
};
