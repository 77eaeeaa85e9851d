/** A cluster of real members in one process or in several, for the tests of an application. */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { TestNetwork, type Slowness } from '../network/index.js';
import { makeTemporaryDirectory } from '../temporary-directory.js';
import { ClusterFaults } from './cluster-faults.js';
import { ClusterFiles } from './cluster-files.js';
import type { ClusterMember } from './cluster-member.js';
import { eventually } from './eventually.js';
import { membersHere, membersInProcesses, type MemberMaker } from './make-members.js';
import type { MemberModule } from './member-modules.js';
import { planOf } from './member-plan.js';
import { isModuleFile, type ModuleFile, type ProcessMember } from './process/index.js';
import type {
  CloseOptions,
  ClusterOptions,
  ProcessClusterOptions,
  TestClusterOptions,
} from './test-cluster-options.js';
import type { TestMember } from './test-member.js';

/** Default limit of waiting, milliseconds. */
const LIMIT_MS = 60_000;
const FORM_LIMIT_MS = 120_000;
/** One bootstrap or join on a busy machine, milliseconds. */
const INITIALISE_LIMIT_MS = 120_000;

/** What is done with a cluster. */
type ClusterTest<M extends ClusterMember, T> = (cluster: TestCluster<M>) => Promise<T>;

/**
 * Members `n1`, `n2`, ..., each with its own Nest application, state directory, listeners on loopback and
 * database process. Members are counted from 1.
 *
 * @typeParam M what the members are: `TestMember` in the process of the test, `ProcessMember` in their own
 * @example
 * await using cluster = await TestCluster.create(AppModule, { members: 3 });
 * const leader = await cluster.leader();
 * await cluster.kill(leader.number);
 */
export class TestCluster<M extends ClusterMember = TestMember> implements AsyncDisposable {
  private closing: Promise<void> | undefined;

  private constructor(
    readonly members: readonly M[],
    private readonly config: Record<string, string>,
    private readonly faults: ClusterFaults,
    private readonly files: ClusterFiles,
  ) {}

  /** Holds the members' state directories and logs. */
  get directory(): string {
    return this.files.directory;
  }

  /**
   * Starts the members and forms the cluster. Resolves when every member is online and up to three vote.
   *
   * @param application the root module, or a function that makes one for each member: all of them run in this
   *   process. Named by its file, `{ file, export }`, it runs in one process for each member
   * @throws Error with the end of the members' logs, which are kept, when that does not work
   */
  static create(application: MemberModule, options?: TestClusterOptions): Promise<TestCluster>;
  static create(
    application: ModuleFile,
    options?: ProcessClusterOptions,
  ): Promise<TestCluster<ProcessMember>>;
  static create(
    application: MemberModule | ModuleFile,
    options: TestClusterOptions | ProcessClusterOptions = {},
  ): Promise<TestCluster | TestCluster<ProcessMember>> {
    return isModuleFile(application)
      ? TestCluster.of(membersInProcesses(application, options), options)
      : TestCluster.of(membersHere(application, options), options);
  }

  private static async of<Member extends ClusterMember>(
    make: MemberMaker<Member>,
    options: ClusterOptions,
  ): Promise<TestCluster<Member>> {
    const { members: count = 3, form = true, config = {}, limitMs = FORM_LIMIT_MS } = options;
    if (!Number.isInteger(count) || count < 1) {
      throw new TypeError(`A cluster has a whole number of members from 1, not ${count}`);
    }
    const directory = await makeTemporaryDirectory();
    const plans = await Promise.all(
      Array.from({ length: count }, (_, at) => planOf(at + 1, directory)),
    );
    const network =
      options.network === true
        ? await TestNetwork.between(plans.map(({ address }) => address))
        : undefined;
    const members = plans.map((plan) => make(plan, network));
    const faults = new ClusterFaults(members, network);
    const files = new ClusterFiles(directory, members);
    const cluster = new TestCluster(members, { ...config }, faults, files);
    try {
      await Promise.all(members.map((member) => member.start()));
      if (form) await cluster.form(limitMs);
      return cluster;
    } catch (error) {
      const failure = files.explain(error);
      await cluster.close();
      throw failure;
    }
  }

  /**
   * Runs `test` with a cluster and closes it; when `test` fails, logs and state are kept and its error says
   * where.
   */
  static use<T>(
    application: MemberModule,
    options: TestClusterOptions,
    test: ClusterTest<TestMember, T>,
  ): Promise<T>;
  static use<T>(
    application: ModuleFile,
    options: ProcessClusterOptions,
    test: ClusterTest<ProcessMember, T>,
  ): Promise<T>;
  static async use<T>(
    application: MemberModule | ModuleFile,
    options: TestClusterOptions | ProcessClusterOptions,
    test: ClusterTest<TestMember, T> & ClusterTest<ProcessMember, T>,
  ): Promise<T> {
    return isModuleFile(application)
      ? TestCluster.run<ProcessMember, T>(await TestCluster.create(application, options), test)
      : TestCluster.run<TestMember, T>(await TestCluster.create(application, options), test);
  }

  private static async run<Member extends ClusterMember, T>(
    cluster: TestCluster<Member>,
    test: ClusterTest<Member, T>,
  ): Promise<T> {
    try {
      return await test(cluster);
    } catch (error) {
      throw cluster.files.explain(error);
    } finally {
      await cluster.close();
    }
  }

  /** The n-th member, counted from 1. @throws RangeError when there is none */
  member(number: number): M {
    const member = this.members[number - 1];
    if (member === undefined) {
      throw new RangeError(`There is no member ${number}; the cluster has ${this.members.length}`);
    }
    return member;
  }

  /** The members whose application runs. */
  get running(): readonly M[] {
    return this.members.filter((member) => member.state === 'running');
  }

  /** The member that leads the database; waits for an election. @param limitMs milliseconds, default 60,000 */
  async leader(limitMs = LIMIT_MS): Promise<M> {
    return this.watched(
      eventually('a leader', limitMs, async () => {
        const answers = await Promise.all(
          this.running.map(async (member) => {
            const leads = await member.leads(timeLimit(limitMs)).catch(() => false);
            return leads ? member : undefined;
          }),
        );
        return answers.find((member) => member !== undefined && member.state === 'running');
      }),
    );
  }

  /**
   * Waits until `condition` holds; a condition that throws does not hold yet.
   *
   * @param limitMs when to give up, milliseconds; default 60,000
   * @throws Error with what the condition threw last and the end of the members' logs
   */
  async until(
    condition: (cluster: TestCluster<M>) => boolean | Promise<boolean>,
    limitMs = LIMIT_MS,
  ): Promise<void> {
    await this.watched(
      eventually(`the condition ${inOneLine(condition)}`, limitMs, async () =>
        (await condition(this)) ? true : undefined,
      ),
    );
  }

  /** Makes a started member the first of a new cluster. Only for clusters that were not formed. */
  async bootstrap(number: number): Promise<void> {
    const { name, address, client } = this.member(number);
    const control = { bootstrap: true, join_token: '', name, address, config: this.config };
    await client.control(control, { timeoutMs: INITIALISE_LIMIT_MS });
  }

  /** Joins a started member to the cluster of member `through`. @param through default 1 */
  async join(number: number, through = 1): Promise<void> {
    const { name, address, client } = this.member(number);
    const token = await this.member(through).client.issueToken({ name, expire_after: 0n });
    const control = { bootstrap: false, join_token: token, name, address, config: this.config };
    await client.control(control, { timeoutMs: INITIALISE_LIMIT_MS });
  }

  /** Closes a member's application as a signal would: it hands leadership over and its hooks run. */
  async stop(number: number): Promise<void> {
    await this.member(number).stop();
  }

  /** Starts a stopped or killed member again, in its directory. Resolves when its database is open. */
  async start(number: number): Promise<void> {
    await this.member(number).start();
  }

  /**
   * Ends a member without a hand-over. With a process of its own, everything of it gets SIGKILL. One that
   * shares this process loses its database process, which is killed, and its connections, which are cut; its
   * application is then closed, which runs the shutdown hooks of the user's providers.
   */
  async kill(number: number): Promise<void> {
    await this.member(number).kill();
  }

  /**
   * Freezes a member; what it is sent waits for {@link resume}. With a process of its own, everything of it
   * gets SIGSTOP. Of one that shares this process, the database process does, and nothing passes between the
   * member and the others any more, for which it needs `network: true`; its application goes on, cut off.
   */
  pause(number: number): void {
    this.faults.pause(this.member(number));
  }

  /** Lets a paused member go on. Idempotent. */
  resume(number: number): void {
    this.faults.resume(this.member(number));
  }

  /**
   * Cuts the network between groups of members: `partition([1], [2, 3])`. Packets are held, as on a network
   * that loses them: nobody is told. A member in no group reaches nobody.
   */
  partition(...groups: readonly (readonly number[])[]): void {
    this.faults.partition(groups);
  }

  /** Ends partition and slowness; what was held arrives. Idempotent. */
  heal(): void {
    this.faults.heal();
  }

  /** Delays everything that a member sends to others and receives from them. `{ delayMs: 0 }` ends it. */
  slow(number: number, slowness: Slowness): void {
    this.faults.slow(this.member(number), slowness);
  }

  /** Ends all members and removes logs and state, unless something has failed. Idempotent. */
  close(options: CloseOptions = {}): Promise<void> {
    if (options.failed === true) this.files.keep();
    this.closing ??= this.end();
    return this.closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async form(limitMs: number): Promise<void> {
    await this.bootstrap(1);
    for (const { number } of this.members.slice(1)) await this.join(number);
    const voters = this.members.length < 3 ? 1 : 3;
    await this.until(async () => {
      const rows = await this.member(1).client.clusterMembers();
      return (
        rows.length === this.members.length &&
        rows.every(({ status, role }) => status === 'ONLINE' && role !== 'PENDING') &&
        rows.filter(({ role }) => role === 'voter').length >= voters
      );
    }, limitMs);
  }

  private async end(): Promise<void> {
    const ends = await Promise.allSettled(this.members.map((member) => member.close()));
    await this.faults.close();
    await this.files.close();
    const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    if (failures.length > 0) {
      throw new AggregateError(failures, 'Members of the test cluster could not be closed');
    }
  }

  /** Has a failure of `waiting` explained. */
  private async watched<T>(waiting: Promise<T>): Promise<T> {
    try {
      return await waiting;
    } catch (error) {
      throw this.files.explain(error);
    }
  }
}

/** The source of a condition, as the best name it has. */
function inOneLine(condition: { toString(): string }): string {
  const text = condition.toString().replaceAll(/\s+/g, ' ');
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
