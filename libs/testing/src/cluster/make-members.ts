/** Makes the members of a cluster, in this process or in processes of their own. */
import { AddressBook } from '../address-book.js';
import type { TestDaemonArgs } from '../module/index.js';
import type { TestNetwork } from '../network/index.js';
import type { ClusterMember, MemberPlan } from './cluster-member.js';
import { startApplication } from './member-application.js';
import type { MemberModule } from './member-modules.js';
import { ProcessMember, type ModuleFile } from './process/index.js';
import type { ProcessClusterOptions, TestClusterOptions } from './test-cluster-options.js';
import { TestMember } from './test-member.js';

/** Makes one member. @param network between the members; none: they dial each other directly */
export type MemberMaker<M extends ClusterMember> = (
  plan: MemberPlan,
  network: TestNetwork | undefined,
) => M;

/** Time between two rounds of heartbeats, milliseconds: failures are noticed within a second or two. */
const HEARTBEAT_INTERVAL_MS = 500;
/** Expected latency, milliseconds: what a machine under load still keeps up with. */
const NETWORK_LATENCY_MS = 100;

/** Makes members that share this process. */
export function membersHere(
  module: MemberModule,
  options: TestClusterOptions,
): MemberMaker<TestMember> {
  return (plan, network) => {
    const addresses = new AddressBook();
    const { override } = options;
    return new TestMember(plan, (logger, onStopRequest) =>
      startApplication(
        {
          plan,
          module,
          logger,
          addresses,
          daemon: settingsOf(plan, options),
          routes: network?.routesOf(plan.number),
          override,
        },
        onStopRequest,
      ),
    );
  };
}

/** Makes members that have processes of their own. */
export function membersInProcesses(
  application: ModuleFile,
  options: ProcessClusterOptions,
): MemberMaker<ProcessMember> {
  return (plan, network) => {
    const { env = {}, execArgv = [] } = options;
    return new ProcessMember({
      plan,
      application,
      addresses: new AddressBook(),
      daemon: () => settingsOf(plan, options),
      routes: network?.routesOf(plan.number),
      env,
      execArgv,
    });
  };
}

/** Those of one start. */
function settingsOf(
  plan: MemberPlan,
  {
    heartbeatIntervalMs = HEARTBEAT_INTERVAL_MS,
    daemon = {},
  }: Pick<TestClusterOptions, 'heartbeatIntervalMs' | 'daemon'>,
): TestDaemonArgs {
  return {
    heartbeatIntervalMs,
    networkLatencyMs: NETWORK_LATENCY_MS,
    ...(typeof daemon === 'function' ? daemon(plan) : daemon),
  };
}
