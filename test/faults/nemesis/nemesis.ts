/** Carries out a schedule of faults, and measures how long the cluster needs to recover from each moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultCluster } from '../cluster/fault-cluster.js';
import type { MembershipLog } from '../membership-log.js';
import { Random } from '../random.js';
import type { Fault, Heal, Scene } from './fault.js';
import type { Moment } from './schedule.js';

/** What came of one moment. */
export interface Injected extends Moment {
  /** Milliseconds since the run began. */
  readonly at: number;
  /** The faults that could not be done, and why. */
  readonly skipped: readonly string[];
  /** From the end of the faults until a request succeeded at every member, milliseconds. */
  readonly recoveryMs: number;
  /** By how much Raft's term grew from the beginning until the recovery. */
  readonly elections: number;
}

export interface NemesisOptions {
  readonly cluster: FaultCluster;
  readonly membership: MembershipLog;
  readonly faults: readonly Fault[];
  readonly clock: () => number;
  /** Resolves when requests that began after `since` have succeeded at every member. @throws Error in vain */
  readonly recovered: (since: number) => Promise<void>;
  readonly say: (text: string) => void;
}

export class Nemesis {
  readonly injected: Injected[] = [];

  constructor(private readonly options: NemesisOptions) {}

  /** @throws Error when the cluster does not recover, or a member does not come back */
  async carryOut(moment: Moment, signal: AbortSignal): Promise<void> {
    const { clock, say, recovered, cluster } = this.options;
    const at = clock();
    const termBefore = cluster.term();
    say(`${(at / 1000).toFixed(1)} s: ${moment.faults.join(' and ')}`);
    const { heals, skipped } = await this.begin(moment);
    try {
      if (heals.length > 0) await pause(moment.durationMs, signal);
    } finally {
      await healAll(heals);
    }
    const healedAt = clock();
    await recovered(healedAt);
    const recoveryMs = clock() - healedAt;
    const elections = Number(cluster.term() - termBefore);
    this.injected.push({ ...moment, at, skipped, recoveryMs, elections });
    for (const why of skipped) say(`  skipped ${why}`);
    say(`  recovered within ${(recoveryMs / 1000).toFixed(1)} s, elections: ${elections}`);
    await pause(moment.pauseMs, signal);
  }

  private async begin(moment: Moment): Promise<{ heals: Heal[]; skipped: string[] }> {
    const { cluster, membership, faults } = this.options;
    const random = new Random(moment.seed);
    const scene: Scene = { cluster, membership, random, taken: new Set() };
    const heals: { readonly isLast: boolean; readonly heal: Heal }[] = [];
    const skipped: string[] = [];
    for (const name of moment.faults) {
      const fault = faults.find((it) => it.name === name);
      try {
        if (fault?.isPossible(cluster) !== true) throw new Error('not possible here');
        const heal = await fault.begin(scene);
        heals.push({ isLast: fault.concerns === 'members', heal });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        skipped.push(`${name}: ${reason.split('\n', 1)[0]}`); // logs may follow
      }
    }
    const inOrder = heals.toSorted((a, b) => Number(a.isLast) - Number(b.isLast));
    return { heals: inOrder.map(({ heal }) => heal), skipped };
  }
}

/** All of them, whatever becomes of one. */
async function healAll(heals: readonly Heal[]): Promise<void> {
  const errors: unknown[] = [];
  for (const heal of heals) {
    try {
      await heal();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'a fault could not be ended');
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // an early end is an end
}
