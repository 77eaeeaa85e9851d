/** One member after the other is stopped and started: as it is, or as another release. */
import type { Member } from '../../cluster/member.js';
import { always, nothingToHeal, type Fault } from '../fault.js';

function rolling(name: string, prepare: (member: Member) => void): Fault {
  return {
    name,
    concerns: 'members',
    isPossible: always,
    async begin({ cluster, taken, random }) {
      // With another one away, whoever restarts would wait for a majority that cannot be.
      if (taken.size > 0) throw new Error('another fault has a member in its hands');
      const members = random.shuffled(cluster.members);
      for (const member of members) taken.add(member);
      for (const member of members) {
        await member.daemon.stop();
        prepare(member);
        await member.daemon.start();
      }
      return nothingToHeal;
    },
  };
}

export const ROLLING_RESTART = rolling('rolling-restart', () => undefined);

/** @param program what every member runs from then on; it takes the flags of the application of this harness */
export function rollingUpgrade(program: string): Fault {
  return rolling('rolling-upgrade', (member) => member.useProgram(program));
}
