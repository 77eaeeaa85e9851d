/** A cluster of real daemons on a network that can be broken, and spare daemons that may join. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HookRun } from '../checkers/membership.js';
import { eventually } from '../../support/eventually.js';
import { run } from './command.js';
import { Member } from './member.js';
import {
  createNetwork,
  type LinkCondition,
  type Network,
  type NetworkChoice,
} from './network/index.js';

export const APPLICATION = join(import.meta.dirname, 'application.mjs');
const LIMIT_MS = 120_000;

export interface FaultClusterOptions {
  /** Daemons that form the cluster: 3 or 5. */
  readonly members: number;
  /** Daemons that may join later. */
  readonly spares: number;
  readonly network: NetworkChoice;
  /** Put each state directory on a file system of its own, of this many MiB, so that it can be filled. Needs root. */
  readonly diskMiB?: number;
  readonly heartbeat?: string;
  readonly program?: string;
  readonly say: (text: string) => void;
}

export class FaultCluster implements AsyncDisposable {
  readonly all: readonly Member[];
  /** Those that are members of the cluster now, whether they run or not. */
  readonly joined = new Set<Member>();
  private readonly conditions = new Set<readonly LinkCondition[]>();
  private readonly mounted: string[] = [];

  private constructor(
    readonly directory: string,
    readonly network: Network,
    readonly options: FaultClusterOptions,
  ) {
    this.all = network.addresses.map((address, host) => {
      const name = `c${host + 1}`;
      return new Member({
        host,
        name,
        address,
        stateDir: join(directory, name),
        logFile: join(directory, `${name}.log`),
        program: options.program ?? APPLICATION,
        engine: 'dqlite',
        heartbeat: options.heartbeat ?? '1000ms',
        ...network.placement(host),
      });
    });
  }

  static async form(options: FaultClusterOptions): Promise<FaultCluster> {
    const { members, spares, say } = options;
    const network = await createNetwork(options.network, members + spares, say);
    const directory = await mkdtemp(join(tmpdir(), 'microcluster-faults-'));
    const cluster = new FaultCluster(directory, network, options);
    try {
      await cluster.mountDisks();
      const founders = cluster.all.slice(0, members);
      await Promise.all(founders.map(({ daemon }) => daemon.start()));
      const [first, ...others] = founders;
      if (!first) throw new Error('a cluster needs a member');
      await first.daemon.control('init', first.name, first.address, '--bootstrap');
      cluster.joined.add(first);
      for (const member of others) await cluster.join(member, await cluster.token(member.name));
      await cluster.settled();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get members(): readonly Member[] {
    return this.all.filter((member) => this.joined.has(member));
  }

  get spares(): readonly Member[] {
    return this.all.filter((member) => !this.joined.has(member));
  }

  /** A join token for `name`, from whichever member gives one. */
  async token(name: string): Promise<string> {
    return this.anywhere('a join token', async ({ daemon }) =>
      (await daemon.control('tokens', 'add', name)).trim(),
    );
  }

  async join(member: Member, token: string): Promise<void> {
    await member.daemon.control('init', member.name, member.address, '--token', token);
    this.joined.add(member);
  }

  /** The member that leads. @throws Error when nobody can say */
  async leader(limitMs = LIMIT_MS): Promise<Member> {
    return this.anywhere(
      'a leader',
      async (asked) => {
        const { leader } = await asked.nodes();
        const found = this.members.find(({ address }) => address === leader);
        if (!found) throw new Error(`${leader} is no member`);
        return found;
      },
      limitMs,
    );
  }

  /** The first answer that any member gives. */
  async anywhere<T>(
    what: string,
    ask: (member: Member) => Promise<T>,
    limitMs = LIMIT_MS,
  ): Promise<T> {
    return eventually(what, limitMs, async () => {
      try {
        return await Promise.any(this.members.map(ask));
      } catch (error) {
        const all: unknown[] = error instanceof AggregateError ? error.errors : [error];
        const reasons = all.map((it) => (it instanceof Error ? it.message : String(it)));
        throw new Error(reasons.join('; '), { cause: error });
      }
    });
  }

  /** The highest term that any member has on its disk: it grows with every election. */
  term(): bigint {
    return this.members.map((member) => member.term()).reduce((a, b) => (a > b ? a : b), 0n);
  }

  /** Adds conditions to the network. @returns what takes them away again */
  async breakLinks(conditions: readonly LinkCondition[]): Promise<() => Promise<void>> {
    this.conditions.add(conditions);
    await this.network.shape([...this.conditions].flat());
    return async () => {
      this.conditions.delete(conditions);
      await this.network.shape([...this.conditions].flat());
    };
  }

  /** Waits until every member is a voter, as up to three are, and answers through its own database. */
  async settled(): Promise<void> {
    const voters = Math.min(3, this.members.length);
    await eventually('the cluster to settle', LIMIT_MS, async () => {
      const views = await Promise.all(this.members.map((member) => member.nodes()));
      for (const { nodes } of views) {
        const voting = nodes.filter(({ role }) => role === 'voter').length;
        if (nodes.length !== this.members.length || voting < voters) {
          throw new Error(nodes.map(({ address, role }) => `${address} ${role}`).join(', '));
        }
      }
    });
  }

  /** What the hooks have written down, member by member. */
  async hookRuns(): Promise<HookRun[]> {
    const logs = this.all.map(async ({ name, hookLog }) => {
      const text = await readFile(hookLog, 'utf8').catch(() => '');
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line): HookRun => ({ member: name, ...JSON.parse(line) }));
    });
    return (await Promise.all(logs)).flat();
  }

  /** Ends every process by its number, and takes away file systems, namespaces and files. */
  async close(): Promise<void> {
    for (const member of this.all) await member.daemon.destroy();
    await this.network.close();
    for (const directory of this.mounted.splice(0)) await run(['umount', '--lazy', directory]);
    if (process.env['KEEP_TEST_FILES']) this.options.say(`kept ${this.directory}`);
    else await rm(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async mountDisks(): Promise<void> {
    const { diskMiB, say } = this.options;
    if (diskMiB === undefined) return;
    for (const { daemon } of this.all) {
      await mkdir(daemon.stateDir, { mode: 0o700 });
      try {
        const options = `size=${diskMiB}m,mode=0700`;
        await run(['mount', '-t', 'tmpfs', '-o', options, 'faults', daemon.stateDir]);
        this.mounted.push(daemon.stateDir);
      } catch (error) {
        say(`no disks that can be filled (${error instanceof Error ? error.message : 'unknown'})`);
        return;
      }
    }
  }

  /** Whether the member's disk is one that can be filled. */
  hasOwnDisk({ daemon }: Member): boolean {
    return this.mounted.includes(daemon.stateDir);
  }
}
