/** Runs a node in a supervised process of its own, so that an abort of libdqlite is a short pause instead of our death. */
import { timeLimit } from '../time-limit.js';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { NodeHost, NodeStartOptions, NodeStatus, TunnelTrust } from '../node-host.js';
import { dialTcp } from '../transport/dial.js';
import type { NodeInfo } from '../values.js';
import { AcceptedStreams } from './accepted-streams.js';
import { Backoff } from './backoff.js';
import { DatabaseChild } from './database-child.js';
import type { ParentWatch } from './messages.js';
import { StatusReport } from './status-report.js';
import { Suspension } from './suspension.js';
import { Trust } from './trust.js';

export interface DqliteProcessOptions {
  /**
   * The dead man's switch, milliseconds: how often the child asks for a sign of life, and after how
   * long a silence it gives up leadership. Default 1,000 and 10,000. A shorter silence punishes
   * pauses of the application's event loop, a longer one keeps a hung member in charge.
   */
  readonly watch?: ParentWatch;
  /**
   * How long to wait for the directory when another node holds it, milliseconds. Default 15,000:
   * the database process of a killed application needs a moment to stop cleanly.
   */
  readonly lockWaitMs?: number;
}

const DEFAULT_WATCH: ParentWatch = { intervalMs: 1_000, silenceMs: 10_000 };
const DEFAULT_LOCK_WAIT_MS = 15_000;
const LOCK_POLL_MS = 50;
const RECOVER_MS = 60_000;
const TRUST_MS = 5_000;

/** One run, from start to stop, over any number of child processes. */
interface Run {
  options: NodeStartOptions;
  readonly stopping: AbortController;
  readonly backoff: Backoff;
  child: DatabaseChild | undefined;
  /** On the clock of `performance.now()`, which a change of the machine's time does not touch. */
  startedAt: number;
  /** Settles when nothing is being launched. */
  launching: Promise<void>;
}

/**
 * {@link NodeHost} over a supervised child process: it is restarted with back-off when it dies, stops
 * cleanly when this process dies, and gives up leadership when this process hangs.
 */
export class DqliteProcess implements NodeHost {
  readonly #watch: ParentWatch;
  readonly #lockWaitMs: number;
  readonly #report = new StatusReport();
  readonly #streams = new AcceptedStreams((signal) => this.dialLocal(signal));
  readonly #suspension = new Suspension();
  #run: Run | undefined;
  #stopped: Promise<void> = Promise.resolve();

  constructor({
    watch = DEFAULT_WATCH,
    lockWaitMs = DEFAULT_LOCK_WAIT_MS,
  }: DqliteProcessOptions = {}) {
    this.#watch = watch;
    this.#lockWaitMs = lockWaitMs;
  }

  get status(): NodeStatus {
    return this.#report.status;
  }

  /** Process id of the child; undefined when there is none. */
  get pid(): number | undefined {
    return this.#run?.child?.pid;
  }

  async start(options: NodeStartOptions, signal?: AbortSignal): Promise<void> {
    this.#requireIdle('start it');
    if (options.transport.kind === 'tunnel') this.#streams.setTrust(checked(options.transport));
    const run: Run = {
      options,
      stopping: new AbortController(),
      backoff: new Backoff(),
      child: undefined,
      startedAt: 0,
      launching: Promise.resolve(),
    };
    this.#run = run;
    this.#report.set('starting');
    const cancel = () => run.stopping.abort(signal?.reason);
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted === true) cancel();
    try {
      await this.#launch(run);
    } catch (error) {
      if (this.#run === run) this.#run = undefined;
      if (this.status === 'starting') this.#report.set('failed', asError(error));
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  async dialLocal(signal: AbortSignal): Promise<Duplex> {
    const run = this.#run;
    if (run?.child === undefined || this.status !== 'running') {
      if (this.status !== 'restarting')
        throw new DqliteError('NOT_OPEN', { what: 'The local node' });
      const address = run?.options.address ?? 'unknown';
      throw new DqliteError('CONNECTION_LOST', {
        address,
        reason: 'the database process is being restarted',
      });
    }
    // Over TCP, libdqlite's own listener is the shortest way.
    return run.options.transport.kind === 'tcp'
      ? dialTcp(run.options.address, signal)
      : run.child.dial(signal);
  }

  acceptRaw(socket: Socket, head: Buffer): void {
    const child = this.status === 'running' ? this.#run?.child : undefined;
    if (child === undefined) {
      socket.destroy();
      return;
    }
    socket.pause();
    const rest: unknown = socket.read();
    child.handOver(socket, Buffer.isBuffer(rest) ? Buffer.concat([head, rest]) : head);
  }

  acceptStream(stream: Duplex, peerCertificate: string): void {
    this.#streams.accept(stream, peerCertificate);
  }

  async updateTrust(trust: TunnelTrust): Promise<void> {
    this.#streams.setTrust(checked(trust));
    const run = this.#run;
    if (run === undefined || run.options.transport.kind !== 'tunnel') return;
    // Also for the next child, should this one die.
    run.options = { ...run.options, transport: { kind: 'tunnel', ...trust } };
    const child = run.child;
    if (child === undefined) return;
    try {
      await child.ask({ type: 'trust', trust }, timeLimit(TRUST_MS));
    } catch (error) {
      if (!isDqliteError(error, 'NODE_CRASHED')) throw error;
    }
  }

  stop(signal?: AbortSignal): Promise<void> {
    if (this.status !== 'stopping' && this.status !== 'stopped' && this.#run !== undefined) {
      this.#stopped = this.#stop(this.#run, signal);
    }
    return this.#stopped;
  }

  async recover(directory: string, members: readonly NodeInfo[]): Promise<void> {
    this.#requireIdle('recover');
    const child = DatabaseChild.spawn();
    try {
      await child.ask({ type: 'recover', directory, members }, timeLimit(RECOVER_MS));
    } finally {
      await child.close();
    }
  }

  /**
   * Ends the process at once, and starts none until {@link resume}: for a node that must not write now. Meanwhile it
   * is `restarting`. Idempotent.
   */
  suspend(): void {
    this.#suspension.begin();
    this.#run?.child?.kill();
  }

  /** Lets the process be started again. Idempotent. */
  resume(): void {
    this.#suspension.end();
  }

  onStatus(listener: (status: NodeStatus, reason?: Error) => void): () => void {
    return this.#report.listen(listener);
  }

  #launch(run: Run): Promise<void> {
    const launch = this.#launchOnce(run);
    run.launching = launch.catch(() => undefined);
    return launch;
  }

  async #launchOnce(run: Run): Promise<void> {
    const signal = run.stopping.signal;
    signal.throwIfAborted();
    const child = DatabaseChild.spawn();
    run.child = child;
    try {
      await this.#startNode(run, child, signal);
    } catch (error) {
      run.child = undefined;
      await child.close();
      throw error;
    }
    run.startedAt = performance.now();
    void child.exited.then((reason) => this.#onExit(run, reason));
    this.#report.set('running');
  }

  async #startNode(run: Run, child: DatabaseChild, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + this.#lockWaitMs;
    for (;;) {
      try {
        await child.ask({ type: 'start', options: run.options, watch: this.#watch }, signal);
        return;
      } catch (error) {
        if (!isDqliteError(error, 'DIRECTORY_LOCKED') || performance.now() >= deadline) throw error;
        await delay(LOCK_POLL_MS, undefined, { signal });
      }
    }
  }

  #onExit(run: Run, reason: DqliteError): void {
    run.child = undefined;
    if (run.stopping.signal.aborted) return;
    this.#streams.closeAll();
    this.#report.set('restarting', reason);
    run.launching = this.#restart(run);
  }

  /** Tries until it runs or is to stop; never rejects. */
  async #restart(run: Run): Promise<void> {
    const signal = run.stopping.signal;
    let ranMs = performance.now() - run.startedAt;
    for (;;) {
      try {
        await delay(run.backoff.next(ranMs), undefined, { signal });
        await this.#suspension.over(signal);
        await this.#launchOnce(run);
        return;
      } catch (error) {
        if (signal.aborted) return;
        ranMs = 0;
        this.#report.set('restarting', asError(error));
      }
    }
  }

  async #stop(run: Run, signal: AbortSignal | undefined): Promise<void> {
    this.#report.set('stopping');
    this.#streams.closeAll();
    run.stopping.abort();
    await run.launching;
    const child = run.child;
    await child?.close(signal);
    this.#run = undefined;
    this.#report.set('stopped');
  }

  #requireIdle(action: string): void {
    if (this.#run !== undefined)
      throw new DqliteError('NODE_STATE', { action, state: this.status });
  }
}

function checked(trust: TunnelTrust): TunnelTrust {
  try {
    return new Trust(trust).source;
  } catch (cause) {
    const reason = 'a certificate cannot be parsed';
    throw new DqliteError('MISUSE', { what: 'The trust list', reason }, { cause });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
