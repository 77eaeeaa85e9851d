/** What is remembered of the rounds. */
import { expect, it } from 'vitest';
import { ClusterWatch } from './cluster-watch.js';

const round = (leader: string) => ({
  isLeader: false,
  leader,
  members: [
    { id: 1n, address: 'a', role: 'voter' as const },
    { id: 2n, address: 'b', role: 'spare' as const },
  ],
});

it('counts changes of the leader, not the first one and not its absence', () => {
  const watch = new ClusterWatch();
  for (const leader of ['', 'a', 'a', '', 'a']) watch.seeLeader(leader);
  expect(watch.leaderChanges).toBe(0);
  watch.see(round('b'));
  watch.seeLeader('');
  watch.see(round('a'));
  expect(watch.leaderChanges).toBe(2);
  expect([...watch.members]).toEqual([
    ['a', 'voter'],
    ['b', 'spare'],
  ]);
});
