/**
 * A member killed with SIGKILL again and again during writes comes back with every acknowledged write.
 *
 * `KILLS=100 npm test -- test/kill` is the long form.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { Writer, lostWrites } from './writer.js';

const KILLS = Number(process.env['KILLS'] ?? 4);
const OTHER_KILLS = Math.max(1, Math.floor(KILLS / 4));
/** A restarted member has joined its cluster again after some such time, milliseconds. */
const START_MS = 3_000;
const MS_PER_KILL = 60_000;
const LIMIT_MS = 120_000;

describe(`a member killed ${KILLS} times`, () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.form(3);
    await cluster.settled();
  });
  afterAll(() => cluster.close());

  it(
    'comes back with every acknowledged write',
    async () => {
      const [first, victim, other] = [cluster.member(1), cluster.member(2), cluster.member(3)];
      const writers = [new Writer(first, 'first'), new Writer(victim, 'victim')];
      const acknowledged = () => writers.flatMap((writer) => writer.acknowledged);
      try {
        for (let kill = 1; kill <= KILLS; kill += 1) {
          await Promise.all(writers.map((writer) => writer.progress(3)));
          await victim.kill();
          await victim.start();
          expect({ kill, lost: await lostWrites(victim, acknowledged()) }).toEqual({
            kill,
            lost: [],
          });
        }
        await Promise.all(writers.map((writer) => writer.progress(3)));
      } finally {
        await Promise.all(writers.map((writer) => writer.stop()));
      }

      // Its own copy, not only what it reads from the leader: without it there is no majority now.
      await cluster.settled();
      await other.kill();
      await eventually('the two that are left to accept a write', LIMIT_MS, async () => {
        const answer = await victim.request('POST', '/1.0/items', { name: 'alone' });
        if (answer.status !== 200) throw new Error(answer.error);
      });
      expect(await lostWrites(victim, acknowledged())).toEqual([]);
      await other.start();
    },
    KILLS * MS_PER_KILL,
  );

  /** Kills the leader while a survivor writes, lets it come back, and returns what either of them has lost. */
  async function killLeader(
    prefix: string,
    comeBack: (leader: Daemon) => Promise<void>,
  ): Promise<string[]> {
    await cluster.settled();
    const leader = await cluster.leader();
    const survivor = cluster.members.find((member) => member !== leader);
    if (!survivor) throw new Error('there is no survivor');
    const writer = new Writer(survivor, prefix);
    try {
      await writer.progress(3);
      await leader.kill();
      await writer.progress(3);
      await comeBack(leader);
    } finally {
      await writer.stop();
    }
    const { acknowledged } = writer;
    return [
      ...(await lostWrites(leader, acknowledged)),
      ...(await lostWrites(survivor, acknowledged)),
    ];
  }

  it(
    'comes back when it was the leader each time',
    async () => {
      for (let kill = 1; kill <= OTHER_KILLS; kill += 1) {
        const lost = await killLeader(`leader-${kill}`, (leader) => leader.start());
        expect({ kill, lost }).toEqual({ kill, lost: [] });
      }
    },
    KILLS * MS_PER_KILL,
  );

  it(
    'comes back when it is killed again on its way, while it drops what its successor does not have',
    async () => {
      for (let kill = 1; kill <= OTHER_KILLS; kill += 1) {
        const lost = await killLeader(`again-${kill}`, async (leader) => {
          leader.spawn();
          await sleep(Math.random() * START_MS);
          await leader.kill();
          await leader.start();
        });
        expect({ kill, lost }).toEqual({ kill, lost: [] });
      }
    },
    KILLS * MS_PER_KILL,
  );
});
