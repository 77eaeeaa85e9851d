/** Test support: a cluster whose members run different releases, on a database in memory and the clock of the test. */
import { checkRelease, PENDING, type MemberRelease, type UpgradePhase } from '../database/index.js';
import { refuseWaitingRemoval } from '../membership/removal/decide-waiting-removal.js';
import { zeroTime } from '../types/index.js';
import { awaitUpgrade, type UpgradeSteps } from './await-upgrade.js';
import {
  databaseStatus,
  nextState,
  type LifeCycleEvent,
  type LifeCycleState,
} from './life-cycle.js';
import { UpgradeBell } from './upgrade-bell.js';

const INTERNAL = 6;

/** A running daemon of a release. */
interface Process {
  readonly release: number;
  readonly bell: UpgradeBell;
  readonly life: AbortController;
  state: LifeCycleState;
}

/** What the test decides at each step that takes time or may be lost. */
export interface Chance {
  /** Duration of the next step, milliseconds. */
  delay(): number;
  /** Whether the next notice reaches its member. */
  arrives(): boolean;
}

/** Members by name; `release` is the number of the application's schema updates. */
export class VirtualCluster {
  /** The schema version that the database has. */
  schema = 1;
  /** Broken promises, in words; must stay empty. */
  readonly violations: string[] = [];
  private rows = new Map<string, MemberRelease>();
  private readonly processes = new Map<string, Process>();
  private lock: Promise<void> = Promise.resolve();
  private nextId = 1;

  constructor(
    names: readonly string[],
    private readonly chance: Chance,
  ) {
    for (const name of names) {
      this.insert(name, 1, { role: 'voter', heartbeat: new Date() });
      this.processes.set(name, newProcess(1, { name: 'ready' }));
    }
  }

  get members(): string[] {
    return [...this.rows.keys()];
  }

  stateOf(name: string): LifeCycleState['name'] | 'down' {
    return this.processes.get(name)?.state.name ?? 'down';
  }

  releaseOf(name: string): number | undefined {
    return this.processes.get(name)?.release;
  }

  /** Starts a daemon that was initialised before; one that runs already is left alone. */
  start(name: string, release: number): void {
    if (this.processes.has(name)) return;
    const process = newProcess(release, { name: 'starting' });
    this.processes.set(name, process);
    void this.run(name, process, () => Promise.resolve());
  }

  /** Begins the join of a new member; half-way it is a `PENDING` row that was never heard of. */
  join(name: string, release: number): void {
    const leader = this.running().find(([, { state }]) => state.name === 'ready');
    if (leader === undefined || leader[1].release !== release) return;
    if (this.rows.has(name) || this.processes.has(name)) return;
    if (this.check('schema', release).kind !== 'proceed') return;
    this.insert(name, release, { role: PENDING, heartbeat: zeroTime() });
    const process = newProcess(release, { name: 'starting' });
    this.processes.set(name, process);
    void this.run(name, process, () =>
      this.transaction(process, () => {
        const row = this.rows.get(name);
        if (row === undefined) throw new Error('removed');
        const check = this.check('schema', release);
        if (check.kind === 'behind') throw new Error(check.message);
        this.rows.set(name, { ...row, heartbeat: new Date() });
      }),
    );
  }

  /** SIGKILL: what was not committed is gone, and the row stays. */
  crash(name: string): void {
    this.processes.get(name)?.life.abort(new Error('killed'));
    this.processes.delete(name);
  }

  /** `cluster remove --force`, decided by whoever leads. @returns whether the member is gone */
  removeByForce(name: string): boolean {
    const leading = this.running().find(([, { state }]) => databaseStatus(state).transactions);
    if (leading === undefined || leading[0] === name || this.processes.has(name)) return false;
    const [, leader] = leading;
    if (leader.state.name === 'waiting') {
      const check = this.check('schema', leader.release);
      const reason = refuseWaitingRemoval({
        name,
        force: true,
        hasRow: this.rows.has(name),
        blockedBy: check.kind === 'wait' ? check.blockedBy : [],
        isReachable: false,
      });
      if (reason !== undefined) return false;
    }
    this.rows.delete(name);
    for (const [, { bell }] of this.running()) bell.ring();
    return true;
  }

  private async run(name: string, process: Process, complete: () => Promise<void>): Promise<void> {
    const { bell, life } = process;
    try {
      await awaitUpgrade(this.stepsOf(name, process), bell, life.signal, (blockedBy) => {
        this.happen(process, { type: 'wait', blockedBy });
      });
      await complete();
      life.signal.throwIfAborted();
    } catch {
      // Its start failed, so that the process ended by itself; or it was killed.
      if (this.processes.get(name) === process) this.processes.delete(name);
      return;
    }
    this.happen(process, { type: 'opened' });
    if (process.release !== this.schema) {
      this.violations.push(
        `${name} is ready with release ${process.release} on schema ${this.schema}`,
      );
    }
    for (const [, other] of this.running()) if (this.chance.arrives()) other.bell.ring();
  }

  private stepsOf(name: string, process: Process): UpgradeSteps {
    const { release } = process;
    return {
      compare: (phase) =>
        this.transaction(process, () => {
          const row = this.rows.get(name);
          if (row === undefined) throw new Error('removed');
          const check = this.check(phase, release, name);
          if (check.kind === 'behind') throw new Error(check.message);
          this.rows.set(name, { ...row, schemaExternal: release });
          return check.kind === 'wait' ? check.blockedBy : [];
        }),
      update: () =>
        this.transaction(process, () => {
          if (this.schema > release) throw new Error('the schema is more recent');
          if (this.schema === release) return;
          this.requireAgreement(name, release);
          this.schema = release;
        }),
    };
  }

  /** The promise that everything is about: nobody who still works is left with another schema. */
  private requireAgreement(name: string, release: number): void {
    for (const [other, { state, release: theirs }] of this.running()) {
      if (state.name === 'ready' && theirs !== release) {
        this.violations.push(`${name} updates to ${release} while ${other} works with ${theirs}`);
      }
    }
  }

  private check(phase: UpgradePhase, release: number, self?: string) {
    const rows = [...this.rows.values()].filter((row) => row.name !== self);
    const own = { versions: { internal: INTERNAL, external: release }, extensions: [] };
    return checkRelease(phase, own, rows);
  }

  /** One writer at a time; takes a while, and does nothing when its process dies before the commit. */
  private async transaction<T>({ life }: Process, work: () => T): Promise<T> {
    const before = this.lock;
    let release = () => {};
    this.lock = new Promise((resolve) => {
      release = resolve;
    });
    try {
      await before;
      await new Promise((resolve) => {
        setTimeout(resolve, this.chance.delay());
      });
      life.signal.throwIfAborted();
      return work();
    } finally {
      release();
    }
  }

  private happen(process: Process, event: LifeCycleEvent): void {
    const next = nextState(process.state, event);
    if (next === undefined) {
      this.violations.push(`${event.type} is not possible in ${process.state.name}`);
    } else {
      process.state = next;
    }
  }

  private insert(
    name: string,
    release: number,
    rest: Pick<MemberRelease, 'role' | 'heartbeat'>,
  ): void {
    this.rows.set(name, {
      id: this.nextId,
      name,
      schemaInternal: INTERNAL,
      schemaExternal: release,
      extensions: [],
      ...rest,
    });
    this.nextId += 1;
  }

  private running(): [string, Process][] {
    return [...this.processes];
  }
}

function newProcess(release: number, state: LifeCycleState): Process {
  return { release, state, bell: new UpgradeBell(), life: new AbortController() };
}
