/** One daemon of the cluster under test, with what a fault can do to it. */
import { z } from 'zod';
import { databaseProcess } from '../../cluster/processes.js';
import { Daemon, type DaemonOptions } from '../../support/daemon.js';
import { raftTerm } from '../../support/raft-term.js';
import { overSocket } from '../../support/requests.js';

const QUESTION_LIMIT_MS = 5_000;

const nodes = z.object({
  leader: z.string(),
  nodes: z.array(z.object({ address: z.string(), role: z.string() })),
});

/** What a node says about all of them. */
export type Nodes = z.infer<typeof nodes>;

export type MemberOptions = DaemonOptions & { readonly host: number };

export class Member {
  readonly host: number;
  readonly name: string;
  readonly address: string;
  readonly hookLog: string;
  private current: Daemon;

  constructor(private options: MemberOptions) {
    this.host = options.host;
    this.name = options.name;
    this.address = options.address;
    this.hookLog = `${options.stateDir}.hooks`;
    this.current = this.make();
  }

  get daemon(): Daemon {
    return this.current;
  }

  /** What the next start runs: another release, for a rolling upgrade. The daemon must not be running. */
  useProgram(program: string): void {
    this.options = { ...this.options, program };
    this.current = this.make();
  }

  /** The member's answer, within a few seconds. @throws Error when there is none, or an error */
  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const { socketPath } = this.daemon;
    const answer = await overSocket(socketPath, method, path, body, QUESTION_LIMIT_MS);
    if (answer.status !== 200) throw new Error(`${this.name}: ${answer.error}`);
    return answer.metadata;
  }

  /** The leader, and the nodes as the leader lists them. */
  async nodes(): Promise<Nodes> {
    return nodes.parse(await this.ask('GET', '/1.0/workload/nodes'));
  }

  /** Raft's term, as this member's disk has it: it grows with every election. */
  term(): bigint {
    return raftTerm(this.daemon.stateDir);
  }

  /** Ends the database process alone. @throws Error when there is none */
  killDatabase(): void {
    process.kill(databaseProcess(this.daemon.pid), 'SIGKILL');
  }

  /** Signals the daemon together with its database: a machine that freezes, or loses its power. */
  signalAll(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    process.kill(-this.daemon.pid, signal);
  }

  private make(): Daemon {
    const env = { ...this.options.env, FAULT_HOOK_LOG: this.hookLog };
    return new Daemon({ ...this.options, env });
  }
}
