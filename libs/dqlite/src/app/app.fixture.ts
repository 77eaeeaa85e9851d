/** Clusters of real members, each with its node in a process of its own, for tests. */
import { timeLimit } from '../time-limit.js';
import { setTimeout as pause } from 'node:timers/promises';
import { freeAddress, temporaryDirectory } from '../native/node.fixture.js';
import { DqliteProcess } from '../process/index.js';
import { dialTcp } from '../transport/index.js';
import { DqliteApp, type AppEvent, type DqliteAppOptions } from './index.js';

/** Short, so that elections take some 0.5 s; the spread of the two machines' cores needs no more. */
const LATENCY_MS = 30;

/** One member: its place on disk and in the network survives its app. */
export interface TestMember {
  readonly address: string;
  readonly directory: string;
  readonly events: AppEvent[];
  readonly app: DqliteApp;
  readonly host: DqliteProcess;
}

/** Opens and closes members; dispose of it to close all and delete their files. */
export class TestCluster implements AsyncDisposable {
  readonly #directories: { remove(): void }[] = [];
  readonly #apps = new Set<DqliteApp>();
  readonly members: TestMember[] = [];

  constructor(readonly defaults: Partial<DqliteAppOptions> = {}) {}

  /**
   * A cluster of `size` ready members with the votes that they will have, the first one bootstrapped and the others
   * joined in turn. A joiner may leave votes to the leader's next round, when both give one at the same time.
   */
  static async of(size: number, defaults: Partial<DqliteAppOptions> = {}): Promise<TestCluster> {
    const cluster = new TestCluster(defaults);
    try {
      for (let at = 0; at < size; at += 1) await cluster.join();
      await cluster.#votesSettled();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** Opens a new member that knows the first one, if there is one, and waits until it is ready. */
  async join(options: Partial<DqliteAppOptions> = {}): Promise<TestMember> {
    const directory = temporaryDirectory();
    this.#directories.push(directory);
    const known = this.members.map(({ address }) => address);
    const member = await this.open(await freeAddress(), directory.path, {
      join: known,
      ...options,
    });
    this.members.push(member);
    await member.app.ready(timeLimit(60_000));
    return member;
  }

  /** Opens a member on an address and a directory, new or used before. */
  async open(
    address: string,
    directory: string,
    options: Partial<DqliteAppOptions> = {},
  ): Promise<TestMember> {
    const events: AppEvent[] = [];
    const host = new DqliteProcess();
    const app = await DqliteApp.open({
      address,
      directory,
      host,
      dial: dialTcp,
      networkLatencyMs: LATENCY_MS,
      adjustIntervalMs: 200,
      onEvent: (event) => events.push(event),
      ...this.defaults,
      ...options,
    });
    this.#apps.add(app);
    return { address, directory, events, app, host };
  }

  /** Closes a member and opens it again. */
  async reopen(member: TestMember): Promise<TestMember> {
    await member.app.close();
    const again = await this.open(member.address, member.directory);
    this.members.splice(this.members.indexOf(member), 1, again);
    return again;
  }

  /** The member that leads, when it and all others agree on it. */
  async leader(): Promise<TestMember> {
    const [first] = this.members.filter(({ app }) => app.status === 'open');
    const leader = await first?.app.leader(timeLimit(60_000));
    const found = this.members.find(({ address }) => address === leader?.address);
    if (found === undefined) throw new Error(`no leader among the members: ${leader?.address}`);
    return found;
  }

  /** A new temporary directory. */
  directory(): string {
    const directory = temporaryDirectory();
    this.#directories.push(directory);
    return directory.path;
  }

  async #votesSettled(): Promise<void> {
    const [first] = this.members;
    if (first === undefined) return;
    const expected = this.members.length < 3 ? 1 : 3;
    await eventually(`${expected} of ${this.members.length} vote`, async () => {
      const roles = await rolesOf(this, first.app);
      return roles.filter((role) => role === 'voter').length === expected;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#apps].map((app) => app.close().catch(() => undefined)));
    for (const directory of this.#directories) directory.remove();
  }
}

/** Roles in the order of `members`, `-` for one that the leader does not list. */
export async function rolesOf(cluster: TestCluster, through: DqliteApp): Promise<string[]> {
  const listed = await through.members(timeLimit(10_000));
  return cluster.members.map(
    ({ address }) => listed.find((member) => member.address === address)?.role ?? '-',
  );
}

/** Polls until `check` says true; fails, naming `what`, after `deadlineMs`. */
export async function eventually(
  what: string,
  check: () => Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const limit = timeLimit(deadlineMs);
  let last: unknown;
  while (!limit.aborted) {
    try {
      if (await check()) return;
    } catch (error) {
      last = error;
    }
    await pause(50);
  }
  throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: last });
}
