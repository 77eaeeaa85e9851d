/** What the process of a member is started with. */
import type { Routes } from '@microcluster/nest/testing-seam';
import type { AddressSource } from '../../address-book.js';
import type { TestDaemonArgs } from '../../module/index.js';
import type { MemberPlan } from '../cluster-member.js';
import type { ModuleFile } from './module-file.js';

/** Settings that can go to another process: no functions. */
export type ProcessDaemonArgs = Omit<TestDaemonArgs, 'hooks' | 'logger'>;

/** The same for each start of a member. */
export interface MemberLaunch {
  readonly plan: MemberPlan;
  readonly application: ModuleFile;
  /** Kept here, so that a member that is started again has its addresses again. */
  readonly addresses: AddressSource;
  /** Asked at each start. */
  readonly daemon: () => ProcessDaemonArgs;
  /** Where it dials the others. Default: at their addresses. */
  readonly routes: Routes | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
}
