/** How many members of a cluster vote, looked at again and again while something happens to it. */
import { setTimeout as pause } from 'node:timers/promises';
import { DqliteConnection, dialTunnel } from '@microcluster/dqlite';
import { identityOf, type MemberAt } from '../support/leader.js';

const PAUSE_MS = 20;
const QUESTION_LIMIT_MS = 5_000;

/** One look. */
export interface VoterSample {
  /** Nodes in the replication. */
  readonly size: number;
  readonly voters: number;
}

/** Looks through one member's database until {@link end}. */
export class VoterSamples implements AsyncDisposable {
  private readonly samples: VoterSample[] = [];
  private readonly ending = new AbortController();
  private readonly running: Promise<void>;

  constructor(private readonly member: MemberAt) {
    this.running = this.run();
  }

  /** Ends it. @returns all looks, in their order */
  async end(): Promise<readonly VoterSample[]> {
    this.ending.abort();
    await this.running;
    return this.samples;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  private async run(): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      // A connection is cut when trust changes.
      await this.look().catch(() => undefined);
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async look(): Promise<void> {
    const { signal } = this.ending;
    const { identity, trusted } = await identityOf(this.member);
    const connection = await DqliteConnection.connect({
      dial: (address, limit) => dialTunnel({ address, identity, trusted, signal: limit }),
      address: this.member.address,
      deadlineMs: QUESTION_LIMIT_MS,
      signal,
    });
    try {
      for (;;) {
        const nodes = await connection.cluster({ deadlineMs: QUESTION_LIMIT_MS, signal });
        const voters = nodes.filter(({ role }) => role === 'voter').length;
        this.samples.push({ size: nodes.length, voters });
        await pause(PAUSE_MS, undefined, { signal });
      }
    } finally {
      connection.close();
    }
  }
}

/**
 * The looks at which fewer voted than at an earlier one, up to the three that are wanted: a cluster that only grows
 * has no reason to give up a vote that it needs.
 */
export function lostVotes(samples: readonly VoterSample[]): readonly VoterSample[] {
  let most = 0;
  return samples.filter(({ voters }) => {
    const isFewer = voters < most;
    most = Math.max(most, Math.min(3, voters));
    return isFewer;
  });
}
