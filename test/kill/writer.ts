/** Writes items through one daemon without pause, and remembers which of them were acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';

/** After a failed attempt, as during an election. */
const RETRY_MS = 20;
const PROGRESS_LIMIT_MS = 120_000;

const items = z.array(z.object({ name: z.string() }));

export class Writer {
  /** Names of the items whose creation was answered with success. */
  readonly acknowledged: string[] = [];
  private stopped = false;
  private readonly done: Promise<void>;

  constructor(
    private readonly daemon: Daemon,
    private readonly prefix: string,
  ) {
    this.done = this.write();
  }

  private async write(): Promise<void> {
    for (let number = 0; !this.stopped; number += 1) {
      const name = `${this.prefix}-${number}`;
      try {
        const answer = await this.daemon.request('POST', '/1.0/items', { name });
        if (answer.status === 200) this.acknowledged.push(name);
        else await sleep(RETRY_MS);
      } catch {
        await sleep(RETRY_MS); // the daemon may be the one that was killed
      }
    }
  }

  /** Waits until `count` further writes have been acknowledged. */
  async progress(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    await eventually(`${this.daemon.name} to accept ${count} writes`, PROGRESS_LIMIT_MS, () => {
      if (this.acknowledged.length < wanted) throw new Error('not yet');
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
  }
}

/** The acknowledged writes that `daemon` does not list; must be none. */
export async function lostWrites(
  daemon: Daemon,
  acknowledged: readonly string[],
): Promise<string[]> {
  const expected = [...acknowledged];
  const answer = await daemon.request('GET', '/1.0/items');
  if (answer.status !== 200) throw new Error(`${daemon.name}: ${answer.error}`);
  const present = new Set(items.parse(answer.metadata).map((item) => item.name));
  return expected.filter((name) => !present.has(name));
}
