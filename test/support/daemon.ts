/** A real `microd` for end-to-end tests: its process, its command line, and requests to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupIsAlive, signalGroup } from './process-group.js';
import { type Answer, overSocket, overTls } from './requests.js';
import { REPOSITORY, runProgram, type ProgramResult } from './programs.js';
import { eventually } from './eventually.js';

const READY_LIMIT_MS = 120_000;
/** For a bootstrap or join. */
const INITIALISE_LIMIT_MS = 120_000;
const EXIT_LIMIT_MS = 120_000;
/** Short, so that trust, roles and failures are noticed within a test's patience. */
const DEFAULT_HEARTBEAT = '500ms';
/** Half of the default, so that elections take half the time; what a machine under load still keeps up with. */
const NETWORK_LATENCY = '100ms';

export interface DaemonOptions {
  readonly name: string;
  /** `127.0.0.1:port`, from {@link freeAddresses}. */
  readonly address: string;
  readonly stateDir: string;
  readonly logFile: string;
  readonly engine?: 'dqlite' | 'sqlite';
  readonly heartbeat?: string;
  /** The program that is started, instead of `microd`; it takes the same flags. */
  readonly program?: string;
  /** A command and its arguments that become the daemon: `ip netns exec NAME`, say. */
  readonly prefix?: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Added to the command line. */
  readonly args?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One daemon; may be started, killed and started again. */
export class Daemon {
  readonly name: string;
  readonly address: string;
  readonly stateDir: string;
  readonly logFile: string;
  /** Added to the environment of the next start; for daemons that change their release. */
  readonly nextEnvironment: Record<string, string> = {};
  private child: ChildProcess | undefined;
  private readonly groups = new Set<number>();

  constructor(private readonly options: DaemonOptions) {
    this.name = options.name;
    this.address = options.address;
    this.stateDir = options.stateDir;
    this.logFile = options.logFile;
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.name} was not started`);
    return this.child.pid;
  }

  get socketPath(): string {
    return join(this.stateDir, 'control.socket');
  }

  /** Starts the process without waiting for it to answer. */
  spawn(): ChildProcess {
    const log = openSync(this.logFile, 'a');
    const [command = process.execPath, ...prefix] = [
      ...(this.options.prefix ?? []),
      process.execPath,
    ];
    const child = spawn(
      command,
      [
        ...prefix,
        this.options.program ?? join(REPOSITORY, 'dist/microd/main.js'),
        '--state-dir',
        this.stateDir,
        '--heartbeat',
        this.options.heartbeat ?? DEFAULT_HEARTBEAT,
        ...(this.options.args ?? []),
      ],
      { detached: true, stdio: ['ignore', log, log], env: this.environment() },
    );
    closeSync(log);
    if (child.pid !== undefined) this.groups.add(child.pid);
    this.child = child;
    return child;
  }

  /** Starts the process and waits until it is ready. */
  async start(): Promise<void> {
    const child = this.spawn();
    const over = new AbortController();
    const died = once(child, 'exit', { signal: over.signal }).then(async ([code, signal]) => {
      throw new Error(`${this.name} ended with ${signal ?? `code ${code}`}:\n${await this.log()}`);
    });
    try {
      await Promise.race([died, this.ready()]);
    } finally {
      over.abort();
      died.catch(() => undefined);
    }
  }

  private async ready(): Promise<void> {
    await eventually(`${this.name} to be ready`, READY_LIMIT_MS, async () => {
      const { status, error } = await this.request('GET', '/core/1.0/ready');
      if (status !== 200) throw new Error(error);
    });
  }

  /** Bootstraps a cluster, as `microctl init --bootstrap` does. */
  async bootstrap(): Promise<void> {
    await this.initialise({ bootstrap: true });
  }

  /** Joins the cluster that has issued the token, as `microctl init --token` does. */
  async join(token: string): Promise<void> {
    await this.initialise({ join_token: token });
  }

  private async initialise(how: { bootstrap?: true; join_token?: string }): Promise<void> {
    const { name, address } = this;
    const control = { bootstrap: false, join_token: '', name, address, config: {}, ...how };
    const limit = INITIALISE_LIMIT_MS;
    const answer = await overSocket(this.socketPath, 'POST', '/core/control', control, limit);
    if (answer.status !== 200) throw new Error(`${name}: ${answer.error}\n${await this.log()}`);
  }

  /** A new join token for the member of that name, as `microctl tokens add` gives it. */
  async issueToken(name: string): Promise<string> {
    const answer = await this.request('POST', '/core/control/tokens', { name });
    if (typeof answer.metadata !== 'string') throw new Error(`${this.name}: ${answer.error}`);
    return answer.metadata;
  }

  /**
   * Runs `microctl` on this daemon.
   *
   * @returns what it printed on standard output
   * @throws Error with its error text when it fails
   */
  async control(...args: string[]): Promise<string> {
    const result = await this.tryControl(...args);
    if (result.code !== 0) {
      throw new Error(`microctl ${args.join(' ')}: ${result.err}\n${await this.log()}`);
    }
    return result.out;
  }

  /** Like {@link control}, for a command that may fail. */
  tryControl(...args: string[]): Promise<ProgramResult> {
    return runProgram('microctl', ['--state-dir', this.stateDir, ...args], this.environment());
  }

  /** A request over the control socket. */
  request(method: string, path: string, body?: unknown): Promise<Answer> {
    return overSocket(this.socketPath, method, path, body);
  }

  /** A request over mutual TLS with the certificate of another daemon, or without one. */
  async requestTls(
    caller: Daemon | undefined,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer> {
    const clusterCertificate = await this.file('cluster.crt');
    const servername = /DNS:([^,]+)/.exec(
      new X509Certificate(clusterCertificate).subjectAltName ?? '',
    )?.[1];
    const identity = caller
      ? { cert: await caller.file('server.crt'), key: await caller.file('server.key') }
      : {};
    const tls = { ...identity, ca: clusterCertificate, ...(servername ? { servername } : {}) };
    return overTls(this.address, tls, method, path, body);
  }

  /** The text of a file in the state directory. */
  file(path: string): Promise<string> {
    return readFile(join(this.stateDir, path), 'utf8');
  }

  /** Sends a signal to the daemon alone. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Kills the daemon with SIGKILL, and waits until its database process has followed. */
  async kill(): Promise<void> {
    if (this.isRunning()) this.signal('SIGKILL');
    await this.exit();
    await this.gone();
  }

  /** Stops the daemon with SIGTERM. */
  async stop(): Promise<Exit> {
    if (this.isRunning()) this.signal('SIGTERM');
    const exit = await this.exit();
    await this.gone();
    return exit;
  }

  /** Waits for the end of the process. */
  async exit(): Promise<Exit> {
    const { child } = this;
    if (!child) throw new Error(`${this.name} was not started`);
    if (this.isRunning()) await once(child, 'exit', { signal: AbortSignal.timeout(EXIT_LIMIT_MS) });
    return { code: child.exitCode, signal: child.signalCode };
  }

  /** Waits until nothing that this daemon started is alive. */
  async gone(): Promise<void> {
    await eventually(`all processes of ${this.name} to end`, EXIT_LIMIT_MS, () => {
      if ([...this.groups].some(groupIsAlive)) throw new Error('some are alive');
    });
  }

  /** Ends everything at once. */
  async destroy(): Promise<void> {
    for (const group of this.groups) signalGroup(group, 'SIGKILL');
    await this.gone();
  }

  /** The last lines that the daemon logged. */
  async log(lines = 30): Promise<string> {
    const text = await readFile(this.logFile, 'utf8').catch(() => '');
    return `--- log of ${this.name}\n${text.trimEnd().split('\n').slice(-lines).join('\n')}`;
  }

  private isRunning(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      NO_COLOR: '1',
      MICROCLUSTER_NETWORK_LATENCY: NETWORK_LATENCY,
      ...(this.options.engine ? { MICROCLUSTER_ENGINE: this.options.engine } : {}),
      ...this.options.env,
      ...this.nextEnvironment,
    };
  }
}
