/** Every fault that there is. */
import type { Fault } from '../fault.js';
import { FULL_DISK } from './disk.js';
import { LINK_FAULTS } from './links.js';
import { JOIN_AND_LEAVE, TOKEN_USED_TWICE } from './membership.js';
import { PROCESS_FAULTS } from './processes.js';
import { ROLLING_RESTART } from './rolling.js';

export { ROLLING_UPGRADE, rollingUpgrade } from './rolling.js';

export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...LINK_FAULTS,
  FULL_DISK,
  JOIN_AND_LEAVE,
  TOKEN_USED_TWICE,
  ROLLING_RESTART,
];
