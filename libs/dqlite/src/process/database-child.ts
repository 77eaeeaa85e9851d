/** One database process: started, asked, given sockets, and ended. */
import { timeLimit } from '../time-limit.js';
import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { DqliteError } from '../errors/index.js';
import { revive } from './carried-error.js';
import { parseFromChild, type ToChild } from './messages.js';

interface Pending {
  readonly settle: (error: Error | undefined, socket?: Socket) => void;
}

type Request = Extract<ToChild, { readonly request: number }>;
/** A request before it has a number. */
export type ChildRequest = Request extends infer R
  ? R extends Request
    ? Omit<R, 'request'>
    : never
  : never;

/** How much of what the process wrote to its standard error is kept to explain its end, characters. */
const KEPT_OUTPUT = 4_096;
/** Longest wait for a clean stop, and then for the process to be gone. */
const STOP_MS = 20_000;
const EXIT_MS = 5_000;
const LAST_WORDS_MS = 500;
/** Tracing is switched on by the mere presence of these, and debugger options are for one process only. */
const NOT_INHERITED = ['LIBDQLITE_TRACE', 'LIBRAFT_TRACE', 'NODE_OPTIONS'];

/**
 * The engine allocates and frees much for each write; without these, glibc gives memory back to the kernel and fetches
 * it again each time. Costs up to the trim threshold of memory, bytes. The environment of the application goes first.
 */
const ALLOCATOR = {
  MALLOC_MMAP_THRESHOLD_: String(4 * 1024 * 1024),
  MALLOC_TOP_PAD_: String(1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(32 * 1024 * 1024),
};

/** A running database process and the control channel to it. */
export class DatabaseChild {
  /** Resolves with what is known about its end. */
  readonly exited: Promise<DqliteError>;
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #handedOver = new Set<Socket>();
  #nextRequest = 1;
  #output = '';

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.on('message', (value: unknown, socket: unknown) => {
      this.#receive(value, socket instanceof Socket ? socket : undefined);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
    });
    this.exited = new Promise((resolve) => {
      const onEnd = (reason: string) => {
        const error = new DqliteError('NODE_CRASHED', { reason });
        for (const pending of this.#pending.values()) pending.settle(error);
        for (const socket of this.#handedOver) socket.destroy();
        resolve(error);
      };
      // Not on 'close', which Node does not emit after a disconnect by the parent.
      child.once('exit', (code, signal) => {
        void lastWords(child).then(() => onEnd(this.#describeEnd(code, signal)));
      });
      child.on('error', (error) => {
        if (child.pid === undefined) onEnd(error.message);
      });
    });
  }

  static spawn(): DatabaseChild {
    const entry = createRequire(import.meta.url).resolve('@microcluster/dqlite/database-process');
    const environment: NodeJS.ProcessEnv = { ...ALLOCATOR, ...process.env };
    for (const name of NOT_INHERITED) delete environment[name];
    return new DatabaseChild(
      fork(entry, [], {
        env: environment,
        execArgv: [],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      }),
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @throws DqliteError the child's own, `NODE_CRASHED` when it ends first, `ABORTED` with the signal
   */
  async ask(request: ChildRequest, signal: AbortSignal): Promise<void> {
    await this.#ask(request, signal);
  }

  /** A socket that is connected to the engine itself; no byte of it passes through the child. */
  async dial(signal: AbortSignal): Promise<Socket> {
    const socket = await this.#ask({ type: 'dial' }, signal);
    if (socket === undefined) {
      throw new DqliteError('CONNECTION_LOST', {
        address: 'the local node',
        reason: 'no socket came with the answer',
      });
    }
    socket.on('error', () => socket.destroy());
    return socket;
  }

  /** Gives an accepted TCP socket away; it is destroyed here when it has been handed over, or cannot be. */
  handOver(socket: Socket, head: Buffer): void {
    // Its listener would otherwise ask the child about it before it closes, and wait for it.
    Object.assign(socket, { server: null });
    this.#handedOver.add(socket);
    const forget = () => {
      this.#handedOver.delete(socket);
      socket.destroy();
    };
    if (!this.#send({ type: 'accept', head }, socket, forget)) forget();
  }

  /** Ends the process at once, as a crash does, which Raft's files survive. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Stops the node, ends the process, and kills it when that takes too long or `signal` aborts. */
  async close(signal?: AbortSignal): Promise<void> {
    const deadline = timeLimit(STOP_MS);
    const patience = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    try {
      await this.ask({ type: 'stop' }, patience);
    } catch {
      // It is dead or will be killed: Raft files survive both.
      if (patience.aborted) this.#process.kill('SIGKILL');
    }
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), EXIT_MS);
    await this.exited;
    clearTimeout(timer);
  }

  #ask(message: ChildRequest, signal: AbortSignal): Promise<Socket | undefined> {
    return new Promise((resolve, reject) => {
      const request = this.#nextRequest++;
      const onAbort = () => {
        const what = `The request '${message.type}' to the database process`;
        pending.settle(new DqliteError('ABORTED', { what }, { cause: signal.reason }));
      };
      const pending: Pending = {
        settle: (error, socket) => {
          this.#pending.delete(request);
          signal.removeEventListener('abort', onAbort);
          if (error === undefined) resolve(socket);
          else reject(error);
        },
      };
      this.#pending.set(request, pending);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) {
        onAbort();
      } else if (!this.#send({ ...message, request })) {
        pending.settle(new DqliteError('NODE_CRASHED', { reason: 'it has ended' }));
      }
    });
  }

  #send(message: ToChild, socket?: Socket, sent: () => void = () => undefined): boolean {
    if (!this.#process.connected) return false;
    this.#process.send(message, socket, undefined, sent);
    return true;
  }

  #receive(value: unknown, socket: Socket | undefined): void {
    const message = parseFromChild(value);
    if (message.type === 'ping') {
      this.#send({ type: 'pong' });
      return;
    }
    const pending = this.#pending.get(message.request);
    if (pending === undefined) {
      // Given up meanwhile.
      socket?.destroy();
    } else {
      pending.settle(message.type === 'failed' ? revive(message) : undefined, socket);
    }
  }

  #describeEnd(code: number | null, signal: string | null): string {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const lastWords = this.#output.trim().split('\n').at(-1) ?? '';
    return lastWords === '' ? how : `${how}: ${lastWords}`;
  }
}

/** Waits until a process that has ended was read to the end, for a moment at most. */
async function lastWords({ stderr }: ChildProcess): Promise<void> {
  if (stderr === null || stderr.closed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LAST_WORDS_MS);
    stderr.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
