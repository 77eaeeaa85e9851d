/** The workloads by name. */
import { BankWorkload } from './bank.js';
import { ListWorkload } from './lists.js';
import { RegisterWorkload } from './register.js';
import { SetWorkload } from './set.js';
import type { Clock, Workload } from './workload.js';

export { Session, type Reply } from './session.js';
export type { Clock, Workload } from './workload.js';

const WORKLOADS = {
  register: (clock: Clock) => new RegisterWorkload(clock),
  lists: (clock: Clock) => new ListWorkload(clock),
  bank: (clock: Clock) => new BankWorkload(clock),
  set: (clock: Clock) => new SetWorkload(clock),
} as const;

export type WorkloadName = keyof typeof WORKLOADS;
export const WORKLOAD_NAMES = Object.keys(WORKLOADS).filter(isWorkloadName);

export function isWorkloadName(name: string): name is WorkloadName {
  return name in WORKLOADS;
}

export function createWorkload(name: WorkloadName, clock: Clock): Workload {
  return WORKLOADS[name](clock);
}
