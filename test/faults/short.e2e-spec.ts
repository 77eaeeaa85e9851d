/**
 * The short form of the proof under faults: a few of them, one after the other, on a cluster under load.
 *
 * `npm run test:faults` is the long one.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { eventually } from '../support/eventually.js';
import { FaultCluster } from './cluster/fault-cluster.js';
import type { Member } from './cluster/member.js';
import { fillDisk } from './nemesis/faults/disk.js';
import type { Moment } from './nemesis/schedule.js';
import { reportText } from './report/print.js';
import { runOn } from './run.js';
import { Session, WORKLOAD_NAMES, type Reply } from './workloads/index.js';

const LIMIT_MS = 600_000;

const moment = (durationMs: number, ...faults: string[]): Moment => ({
  faults,
  durationMs,
  pauseMs: 500,
  seed: 1,
});

const log: string[] = [];
const options = {
  seed: 1,
  members: 3,
  spares: 0,
  network: 'auto',
  durationMs: 0,
  diskMiB: 512,
  workloads: WORKLOAD_NAMES,
  say: (text: string) => void log.push(text),
} as const;

let cluster: FaultCluster;
beforeAll(async () => {
  cluster = await FaultCluster.form(options);
}, LIMIT_MS);
afterAll(() => cluster.close(), LIMIT_MS);

it(
  'keeps every promise when the leader crashes or is cut off, and when an application stalls',
  async () => {
    const moments = [
      moment(2_000, 'crash-leader'),
      moment(6_000, 'partition-leader'),
      moment(0, 'stall-follower'),
      moment(0, 'stall-leader'),
    ];
    const report = await runOn(cluster, { ...options, moments });
    const text = [...log, reportText(report)].join('\n');
    const violations = report.workloads.flatMap((workload) => workload.violations);
    expect({ violations, failure: report.failure, text }).toEqual({
      violations: [],
      failure: undefined,
      text,
    });
    expect(report.injected).toHaveLength(moments.length);
  },
  LIMIT_MS,
);

it.runIf(process.getuid?.() === 0)(
  'turns writes away at a follower whose disk is full, loses none, and takes them again when there is space',
  async () => {
    const leader = await cluster.leader();
    const [follower, other] = cluster.members.filter((member) => member !== leader);
    if (follower === undefined || other === undefined) throw new Error('there are no followers');
    const processId = follower.daemon.pid;
    const heal = await fillDisk(follower);
    try {
      await eventually('the follower to refuse a write', 60_000, async () => {
        const reply = await add(follower, 1);
        expect(reply).toMatchObject({
          outcome: 'failed',
          reason: expect.stringMatching(
            /^507 DISK_FULL The file system of .* has only \d+ MiB left/,
          ),
        });
      });
      for (let element = 2; element < 30; element += 1) {
        const asked = element % 2 === 0 ? leader : other;
        await eventually('the others to take a write', 60_000, async () => {
          expect(await add(asked, element)).toMatchObject({ outcome: 'ok' });
          // More than the follower has allocated in advance.
          await asked.ask('POST', '/1.0/workload/ballast', { bytes: 512 * 1024 });
        });
      }
      expect(await read(follower)).toEqual(await read(leader));
    } finally {
      await heal();
    }
    await eventually('the follower to take a write', 60_000, async () => {
      expect(await add(follower, 30)).toMatchObject({ outcome: 'ok' });
    });
    expect(follower.daemon.pid).toBe(processId);

    // Without the other one, nothing is acknowledged that the follower has not got on its own disk.
    other.signalAll('SIGSTOP');
    try {
      await eventually('the follower to make up the majority', 60_000, async () => {
        expect(await add(leader, 31)).toMatchObject({ outcome: 'ok' });
      });
      expect(await read(follower)).toEqual(
        expect.arrayContaining(Array.from({ length: 30 }, (_, at) => BASE + at + 2)),
      );
    } finally {
      other.signalAll('SIGCONT');
    }
  },
  LIMIT_MS,
);

/** Elements that no workload uses. */
const BASE = 2_000_000_000;

/** Once more is no error: an answer may have been lost. */
async function add(member: Member, element: number): Promise<Reply> {
  const reply = await new Session(-1, member).ask('set', { kind: 'add', element: BASE + element });
  const isThere = reply.outcome !== 'ok' && reply.reason.includes('UNIQUE constraint failed');
  return isThere ? { outcome: 'ok', value: null } : reply;
}

async function read(member: Member): Promise<number[]> {
  const body = { kind: 'read', consistency: 'linearizable' };
  const reply = await new Session(-1, member).ask('set', body);
  if (reply.outcome !== 'ok') throw new Error(reply.reason);
  return z.array(z.number()).parse(reply.value);
}
