/** Several daemons in one temporary folder, formed into a cluster. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { freeAddresses } from './addresses.js';
import { Daemon, type DaemonOptions } from './daemon.js';
import { eventually } from './eventually.js';
import { leads } from './leader.js';

const LIMIT_MS = 120_000;

type Settings = Pick<DaemonOptions, 'engine' | 'heartbeat' | 'env' | 'args' | 'program'>;

const memberRows = z.array(z.object({ name: z.string(), role: z.string(), status: z.string() }));
export type MemberRow = z.infer<typeof memberRows>[number];

/**
 * Daemons `c1`, `c2`, ... of one test.
 *
 * Use it with `await using`, or call {@link close} in `afterAll`. Where a test fails, its logs are printed by the
 * errors of {@link Daemon}; set `KEEP_TEST_FILES=1` to keep the folders.
 */
export class TestCluster implements AsyncDisposable {
  private constructor(
    readonly directory: string,
    readonly members: readonly Daemon[],
    private readonly settings: Settings,
  ) {}

  /** Daemons that are neither started nor initialised. */
  static async prepare(count: number, settings: Settings = {}): Promise<TestCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'microcluster-test-'));
    const addresses = await freeAddresses(count);
    const members = addresses.map((address, at) => {
      const name = `c${at + 1}`;
      return new Daemon({
        ...settings,
        name,
        address,
        stateDir: join(directory, name),
        logFile: join(directory, `${name}.log`),
      });
    });
    return new TestCluster(directory, members, settings);
  }

  /** A formed cluster: the first member bootstraps, the others join one after another. */
  static async form(count: number, settings: Settings = {}): Promise<TestCluster> {
    const cluster = await TestCluster.prepare(count, settings);
    try {
      await Promise.all(cluster.members.map((member) => member.start()));
      await cluster.member(1).bootstrap();
      for (const joiner of cluster.members.slice(1)) await cluster.join(joiner);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** The n-th member, counted from 1 as their names are. */
  member(number: number): Daemon {
    const member = this.members[number - 1];
    if (!member) throw new Error(`there is no member ${number}`);
    return member;
  }

  /** Joins a started daemon with a token of `through`, which is `c1` by default. */
  async join(joiner: Daemon, through: Daemon = this.member(1)): Promise<void> {
    await joiner.join(await through.issueToken(joiner.name));
  }

  /** The member table as `asked` answers it. */
  async table(asked: Daemon = this.member(1)): Promise<MemberRow[]> {
    const answer = await asked.request('GET', '/core/1.0/cluster');
    if (answer.status !== 200) throw new Error(answer.error);
    return memberRows.parse(answer.metadata);
  }

  /** Waits until the member table satisfies `condition`. */
  async until(
    what: string,
    condition: (rows: readonly MemberRow[]) => boolean,
    asked: Daemon = this.member(1),
  ): Promise<MemberRow[]> {
    return eventually(what, LIMIT_MS, async () => {
      const rows = await this.table(asked);
      if (!condition(rows)) {
        throw new Error(rows.map((row) => `${row.name} ${row.role} ${row.status}`).join(', '));
      }
      return rows;
    });
  }

  /** Waits until all members are online voters, which up to three are. */
  async settled(asked: Daemon = this.member(1)): Promise<void> {
    await this.until(
      'all members to be online voters',
      (rows) =>
        rows.length === this.members.length &&
        rows.every((row) => row.status === 'ONLINE' && row.role === 'voter'),
      asked,
    );
  }

  /** The member that leads, among `running` ones. */
  async leader(running: readonly Daemon[] = this.members): Promise<Daemon> {
    return eventually('a leader', LIMIT_MS, async () => {
      const answers = await Promise.allSettled(running.map(leads));
      const leader = running.find((_, at) => {
        const answer = answers[at];
        return answer?.status === 'fulfilled' && answer.value;
      });
      if (!leader) throw new Error('nobody says so');
      return leader;
    });
  }

  /** Kills what still runs and deletes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.destroy()));
    if (process.env['KEEP_TEST_FILES']) {
      console.log(`kept ${this.directory} (engine ${this.settings.engine ?? 'by default'})`);
      return;
    }
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
