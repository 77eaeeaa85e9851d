/** One run of a member's process: started, asked, signalled, and ended. */
import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { types } from 'node:util';
import { logFileOf } from '../member-log.js';
import { keep } from './keeper.js';
import type { MemberLaunch } from './member-launch.js';
import { exportsOf } from './module-file.js';
import { parseFromMember, type FromMember, type ToMember } from './messages.js';

/** Who waits for an answer. */
interface Pending {
  readonly resolve: (leads: boolean) => void;
  readonly reject: (reason: unknown) => void;
}

export class MemberProcess {
  /** Resolves when the application runs; rejects with what it threw, or with how its process ended before. */
  readonly started: Promise<void>;
  /** Resolves with `exit code 0`, `signal SIGKILL` or the like. */
  readonly exited: Promise<string>;
  private readonly child: ChildProcess;
  private readonly pending = new Map<number, Pending>();
  private nextRequest = 1;
  private onStarted: (failure?: Error) => void = () => undefined;

  constructor(private readonly launch: MemberLaunch) {
    this.started = new Promise((resolve, reject) => {
      this.onStarted = (failure) => (failure === undefined ? resolve() : reject(failure));
    });
    // Who stops a member that has not started yet does not wait for its start.
    this.started.catch(() => undefined);
    this.child = forkMember(launch);
    const { pid } = this.child;
    const release = pid === undefined ? () => undefined : keep(pid);
    this.exited = endOf(this.child).then((how) => {
      release();
      const failure = new Error(`The process of member ${launch.plan.name} ended with ${how}`);
      this.onStarted(failure);
      for (const { reject } of this.pending.values()) reject(failure);
      return how;
    });
    this.child.on('message', (value: unknown) => {
      this.receive(parseFromMember(value)).catch(this.onStarted);
    });
    this.begin();
  }

  /** `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether the member leads the database. @throws Error when it ends or `signal` aborts first */
  leads(signal: AbortSignal): Promise<boolean> {
    const request = this.nextRequest++;
    const answer = new Promise<boolean>((resolve, reject) => {
      this.pending.set(request, { resolve, reject });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
      else this.send({ type: 'leads', request });
    });
    return answer.finally(() => this.pending.delete(request));
  }

  /** Asks the member to end, as a service manager would. */
  terminate(): void {
    this.child.kill('SIGTERM');
  }

  /** Signals everything that belongs to the member: its process, its database process, and what else they started. */
  signalAll(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // It has ended a moment ago.
      if (!(types.isNativeError(error) && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }

  private begin(): void {
    const { plan, application, daemon, routes = {} } = this.launch;
    this.send({
      type: 'start',
      plan: {
        number: plan.number,
        name: plan.name,
        address: plan.address,
        stateDir: plan.stateDir,
      },
      application: exportsOf(application),
      daemon: daemon(),
      routes,
    });
  }

  private async receive(message: FromMember): Promise<void> {
    switch (message.type) {
      case 'started':
        this.onStarted();
        break;
      case 'failed':
        this.onStarted(new Error(message.reason));
        break;
      case 'leads':
        this.pending.get(message.request)?.resolve(message.leads);
        break;
      case 'address': {
        const { purpose } = message;
        const address = await this.launch.addresses.addressOf(purpose);
        this.send({ type: 'address', purpose, address });
        break;
      }
    }
  }

  private send(message: ToMember): void {
    // How it ended is what everybody who waits is told.
    if (this.child.connected) this.child.send(message, () => undefined);
  }
}

function forkMember({ plan, env, execArgv }: MemberLaunch): ChildProcess {
  const entry = createRequire(import.meta.url).resolve('@microcluster/testing/member-process');
  const log = openSync(logFileOf(plan), 'a');
  try {
    return fork(entry, [], {
      // A group of its own, which can be signalled as one.
      detached: true,
      env: { ...process.env, ...env },
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', log, log, 'ipc'],
    });
  } finally {
    closeSync(log);
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
}
