/** Clients that never rest: each talks to one member and does one thing after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from './cluster/member.js';
import type { Random } from './random.js';
import { Session, type Workload } from './workloads/index.js';

/** Between two operations of a client, milliseconds: machines of tests are slow and shared. */
const PAUSE_MS = { least: 5, most: 60 };
/** After an operation that failed, so that a cluster without a leader is not flooded. */
const PAUSE_AFTER_FAILURE_MS = 100;

export class Clients {
  private isOver = false;
  private readonly running: readonly Promise<void>[];

  /** @param perMember clients of each workload at each member */
  constructor(
    members: readonly Member[],
    workloads: readonly Workload[],
    random: Random,
    perMember = 1,
  ) {
    const places = workloads.flatMap((workload) =>
      members.flatMap((member) => Array.from({ length: perMember }, () => ({ workload, member }))),
    );
    this.running = places.map(({ workload, member }, client) =>
      this.work(workload, new Session(client, member), random.fork(`client ${client}`)),
    );
  }

  /** Lets everybody finish what is under way. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.running);
  }

  private async work(workload: Workload, session: Session, random: Random): Promise<void> {
    while (!this.isOver) {
      const before = workload.counts.ok;
      await workload.act(session, random);
      const hasFailed = workload.counts.ok === before;
      const pause = random.integer(PAUSE_MS.least, PAUSE_MS.most);
      await sleep(hasFailed ? PAUSE_AFTER_FAILURE_MS : pause);
    }
  }
}
