/** A client that adds entries without pause, through whichever member serves it, as behind a load balancer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import type { Answer } from '../support/requests.js';

const RETRY_MS = 20;
const PROGRESS_LIMIT_MS = 120_000;
const names = z.array(z.string());

export class Client {
  /** Entries whose creation was answered with success. */
  readonly acknowledged: string[] = [];
  /** Answers that are neither a success nor say that this member does not serve now. */
  readonly failures: string[] = [];
  private stopped = false;
  private readonly done: Promise<void>;

  constructor(
    private readonly members: readonly Daemon[],
    private readonly prefix: string,
  ) {
    this.done = this.write();
  }

  /** Waits until `count` further entries have been acknowledged. */
  async progress(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    await eventually(`${count} more entries`, PROGRESS_LIMIT_MS, () => {
      if (this.acknowledged.length < wanted) throw new Error(this.failures.at(-1) ?? 'not yet');
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
  }

  private async write(): Promise<void> {
    for (let number = 0; !this.stopped; number += 1) {
      const name = `${this.prefix}-${number}`;
      if (await this.add(name)) this.acknowledged.push(name);
    }
  }

  /** Goes round the members until one takes the entry. */
  private async add(name: string): Promise<boolean> {
    for (let turn = 0; !this.stopped; turn += 1) {
      const member = this.members[turn % this.members.length];
      const answer = await member?.request('POST', '/1.0/entries', { name }).catch(() => undefined);
      if (answer?.status === 200) return true;
      if (answer !== undefined && !isAway(answer)) {
        this.failures.push(`${member?.name}: ${answer.status} ${answer.error}`);
      }
      await sleep(RETRY_MS);
    }
    return false;
  }
}

/**
 * The member is starting, stopping, waiting for an upgrade, or has no leader: another one may serve. So it may
 * where an election came between a write and its answer; adding an entry again is harmless.
 */
function isAway({ status, error }: Answer): boolean {
  return status === 503 || error.includes('may or may not have been committed');
}

/** The entries that `daemon` lists. */
export async function entriesOf(daemon: Daemon): Promise<string[]> {
  const answer = await daemon.request('GET', '/1.0/entries');
  if (answer.status !== 200) throw new Error(`${daemon.name}: ${answer.error}`);
  return names.parse(answer.metadata);
}
