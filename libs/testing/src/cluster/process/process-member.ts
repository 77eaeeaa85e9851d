/** A member in a process of its own, which can really be killed and stopped. */
import type { MicroclusterClient } from '@microcluster/nest/client';
import type { ClusterMember, MemberState } from '../cluster-member.js';
import { clientOf } from '../member-client.js';
import { endOfLog, logFileOf } from '../member-log.js';
import type { MemberLaunch } from './member-launch.js';
import { MemberProcess } from './member-process.js';

/** How long a member may take to end by itself, milliseconds. */
const STOP_LIMIT_MS = 60_000;

/** What it does is seen from outside: through its `client`, its listeners and its log. */
export class ProcessMember implements ClusterMember {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly stateDir: string;
  readonly client: MicroclusterClient;
  readonly standsStillAlone = true;
  private process: MemberProcess | undefined;
  private current: MemberState = 'stopped';

  constructor(private readonly launch: MemberLaunch) {
    const { plan } = launch;
    this.number = plan.number;
    this.name = plan.name;
    this.address = plan.address;
    this.stateDir = plan.stateDir;
    this.client = clientOf(plan);
  }

  /** `killed` also when its process ended by itself, with a signal or an exit code other than 0. */
  get state(): MemberState {
    return this.current;
  }

  /** Process id; `undefined` while it is stopped or killed. Also the id of its process group. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  async leads(signal: AbortSignal): Promise<boolean> {
    if (this.process === undefined) throw new Error(`Member ${this.name} is ${this.current}`);
    return this.process.leads(signal);
  }

  logs(count = 50): string {
    return endOfLog(logFileOf(this), count);
  }

  async start(): Promise<void> {
    if (this.process !== undefined) throw new Error(`Member ${this.name} is already running`);
    const started = new MemberProcess(this.launch);
    this.process = started;
    this.current = 'running';
    void this.follow(started);
    try {
      await started.started;
    } catch (cause) {
      await this.kill();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Member ${this.name} could not be started: ${reason}`, { cause });
    }
  }

  pause(): void {
    if (this.current !== 'running') throw new Error(`Member ${this.name} is ${this.current}`);
    this.process?.signalAll('SIGSTOP');
    this.current = 'paused';
  }

  resume(): void {
    if (this.current !== 'paused') return;
    this.process?.signalAll('SIGCONT');
    this.current = 'running';
  }

  /** @throws Error when it does not end by itself, or not well; it is killed then */
  async stop(): Promise<void> {
    const ending = this.process;
    if (ending === undefined) return;
    this.resume();
    ending.terminate();
    const impatience = setTimeout(() => ending.signalAll('SIGKILL'), STOP_LIMIT_MS);
    const how = await ending.exited;
    clearTimeout(impatience);
    if (how !== 'exit code 0') {
      throw new Error(
        `Member ${this.name} did not stop in good order: its process ended with ${how}`,
      );
    }
  }

  async kill(): Promise<void> {
    const ending = this.process;
    if (ending === undefined) return;
    ending.signalAll('SIGKILL');
    await ending.exited;
  }

  async close(): Promise<void> {
    try {
      await this.kill();
    } finally {
      await this.client.close();
    }
  }

  /** Knows how it ended before anybody else who waits for its end. */
  private async follow(run: MemberProcess): Promise<void> {
    const how = await run.exited;
    this.process = undefined;
    this.current = how === 'exit code 0' ? 'stopped' : 'killed';
  }
}
