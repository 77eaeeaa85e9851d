/** One member after the other is stopped and started: as it is, or as another release. */
import { eventually } from '../../../support/eventually.js';
import type { FaultCluster } from '../../cluster/fault-cluster.js';
import type { Member } from '../../cluster/member.js';
import { always, nothingToHeal, type Fault, type Scene } from '../fault.js';

const LIMIT_MS = 120_000;
/** What a member of a newer release answers as long as others have the old one. */
const WAITING = 'Database is waiting for an upgrade';

function rolling(
  name: string,
  carryOut: (members: readonly Member[], cluster: FaultCluster) => Promise<void>,
): Fault {
  return {
    name,
    concerns: 'members',
    isPossible: always,
    async begin({ cluster, taken, random }: Scene) {
      // With another one away, whoever restarts would wait for a majority that cannot be.
      if (taken.size > 0) throw new Error('another fault has a member in its hands');
      const members = random.shuffled(cluster.members);
      for (const member of members) taken.add(member);
      await carryOut(members, cluster);
      return nothingToHeal;
    },
  };
}

/** Name of the fault that {@link rollingUpgrade} makes. */
export const ROLLING_UPGRADE = 'rolling-upgrade';

export const ROLLING_RESTART = rolling('rolling-restart', async (members) => {
  for (const { daemon } of members) {
    await daemon.stop();
    await daemon.start();
  }
});

/** @param program what every member runs from then on; it takes the flags of the application of this harness */
export function rollingUpgrade(program: string): Fault {
  return rolling(ROLLING_UPGRADE, async (members, cluster) => {
    for (const member of members) {
      await member.daemon.stop();
      member.useProgram(program);
      member.daemon.spawn();
      await servesOrWaits(member);
    }
    for (const spare of cluster.spares) spare.useProgram(program);
    for (const { daemon } of members) await daemon.control('waitready', '--timeout', '120');
  });
}

/** A member with a newer schema is not ready before the last of the others has it too. */
async function servesOrWaits({ name, daemon }: Member): Promise<void> {
  await eventually(`${name} to serve, or to wait for the others`, LIMIT_MS, async () => {
    const answer = await daemon.request('GET', '/1.0/workload/nodes');
    if (answer.status !== 200 && !answer.error.startsWith(WAITING)) {
      throw new Error(`${answer.error}\n${await daemon.log(5)}`);
    }
  });
}
