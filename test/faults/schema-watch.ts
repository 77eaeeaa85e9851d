/** Looks at the versions of database and members all the time, for the checker of schemas. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { SchemaObservation } from './checkers/schema.js';
import type { FaultCluster } from './cluster/fault-cluster.js';

const INTERVAL_MS = 1_000;
const LIMIT_MS = 2_000;

const version = z.object({ internal: z.number(), external: z.number() });
const look = z.object({
  database: version,
  members: z.array(version.extend({ name: z.string() })),
});

export class SchemaWatch {
  readonly observations: SchemaObservation[] = [];
  private readonly over = new AbortController();
  private readonly watching: Promise<void>;

  constructor(
    private readonly cluster: FaultCluster,
    private readonly clock: () => number,
  ) {
    this.watching = this.watch();
    this.watching.catch(() => undefined); // told by stop()
  }

  /** @throws Error when an answer was none that can be understood */
  async stop(): Promise<void> {
    this.over.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    const { signal } = this.over;
    while (!signal.aborted) {
      try {
        const seen = await this.cluster.anywhere(
          'a look at the schema',
          (member) => member.ask('GET', '/1.0/workload/schema'),
          LIMIT_MS,
        );
        this.observations.push({ at: this.clock(), ...look.parse(seen) });
      } catch (error) {
        if (error instanceof z.ZodError) throw error;
        // Nobody answers at the moment.
      }
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
