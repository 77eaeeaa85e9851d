/** One native dqlite node as a state machine: whatever is called when, it never reaches libdqlite in a state that aborts it. */
import { DqliteError } from '../errors/index.js';
import type { NodeInfo, NodeRole } from '../values.js';
import { unusableDirectory } from './damage.js';
import { DirectoryLock } from './directory-lock.js';
import { undoInterruptedTruncation } from './interrupted-truncation.js';
import { koffi } from './koffi.js';
import { findLibrary, type LoadedLibrary, type NodePointer } from './library.js';
import { tuneListener } from './node-sockets.js';

/** `created` --start--> `starting` --> `running` --stop--> `stopping` --> `closed`; a failure leads to `closed`. */
export type DqliteNodeState = 'created' | 'starting' | 'running' | 'stopping' | 'closed';

export interface DqliteNodeOptions {
  /** Unsigned 64-bit, not 0. */
  readonly id: bigint;
  /** `ip:port` by which the other nodes know this one. */
  readonly address: string;
  /** Existing directory of the Raft files; locked until {@link DqliteNode.close} or a stop. */
  readonly directory: string;
  /** IPv4 literal with port, or `@` for an abstract unix socket with a free name. */
  readonly bindAddress: string;
  /**
   * Returns a connected or connecting stream socket to the node at `address`; libdqlite owns the
   * descriptor afterwards. Called on the JavaScript thread while a thread of libdqlite waits, so it
   * must not block. Throwing means that the peer cannot be reached now; libdqlite tries again.
   */
  readonly connect: (address: string) => number;
  readonly failureDomain?: bigint | undefined;
  /** One-way latency, milliseconds, 1 to 3,600,000. Default 200. */
  readonly networkLatencyMs?: number | undefined;
  /** Default 1024 entries each. */
  readonly snapshot?: { readonly threshold: number; readonly trailing: number } | undefined;
}

const DEFAULT_LATENCY_MS = 200;
/** A snapshot writes the whole database, hence not more often than needed; the log holds up to twice as many entries. */
const DEFAULT_SNAPSHOT = { threshold: 1024, trailing: 1024 };
const NODE_INFO_BYTES = 32n;
const ROLE_CODES: Readonly<Record<NodeRole, bigint>> = { voter: 0n, 'stand-by': 1n, spare: 2n };
const MISUSE = 2;

/**
 * A native node. Wrong use rejects or throws `NODE_STATE` and leaves the node as it was.
 *
 * @example
 * const node = DqliteNode.create({ id: BOOTSTRAP_ID, address, directory, bindAddress: '@', connect });
 * await node.start();
 * // ... cut clients ...
 * await node.stop();
 */
export class DqliteNode {
  readonly options: DqliteNodeOptions;
  readonly #library: LoadedLibrary;
  readonly #lock: DirectoryLock;
  readonly #pointer: NodePointer;
  #callback: bigint | undefined;
  #state: DqliteNodeState = 'created';
  #bindAddress = '';
  #settled: Promise<void> = Promise.resolve();

  private constructor(
    options: DqliteNodeOptions,
    library: LoadedLibrary,
    lock: DirectoryLock,
    pointer: NodePointer,
  ) {
    this.options = options;
    this.#library = library;
    this.#lock = lock;
    this.#pointer = pointer;
  }

  /**
   * Locks the directory and makes the native object; nothing runs yet.
   *
   * @throws DqliteError `LIBRARY_MISSING`, `LIBRARY_SYMBOL_MISSING`, `DIRECTORY_LOCKED`, or
   *   `NODE_START_FAILED` with the reason
   */
  static create(options: DqliteNodeOptions): DqliteNode {
    const { address, directory } = options;
    const failed = (reason: string) => new DqliteError('NODE_START_FAILED', { address, reason });
    if (options.id <= 0n || options.id >= 1n << 64n) {
      throw failed(`${options.id} is not a node id; use a positive 64-bit number`);
    }
    if (address === '' || address.includes('\0')) throw failed('it has no usable address');
    const library = findLibrary();
    const lock = DirectoryLock.acquire(directory);
    try {
      undoInterruptedTruncation(directory);
      const out = new BigUint64Array(1);
      const code = library.create(options.id, address, directory, out);
      const pointer = out[0] ?? 0n;
      if (code === 0) return new DqliteNode(options, library, lock, pointer);
      // Newer versions leave an object that knows why, and that has to be destroyed.
      const detail = pointer === 0n ? null : library.errorMessage(pointer);
      if (pointer !== 0n) library.destroy(pointer);
      throw failed(unusableDirectory(directory, code, detail));
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get state(): DqliteNodeState {
    return this.#state;
  }

  /** What the node is bound to: the TCP address, or `@name`. Empty before {@link start}. */
  get bindAddress(): string {
    return this.#bindAddress;
  }

  /**
   * Applies the options, binds, and starts the node; resolves when it accepts connections, which
   * takes as long as its snapshot and log need to load.
   *
   * @throws DqliteError `NODE_STATE` unless just created; `NODE_START_FAILED`, and then it is closed
   */
  async start(): Promise<void> {
    if (this.#state !== 'created') throw this.#misused('start it');
    this.#state = 'starting';
    const attempt = this.#start();
    this.#settled = attempt.catch(() => undefined);
    await attempt;
  }

  /**
   * Stops the node and releases everything it holds. Cut its clients before (`spec/dqlite.md` B.5):
   * a result that is still being sent makes libdqlite abort. Called again, or while starting, it
   * waits for the one stop.
   */
  async stop(): Promise<void> {
    if (this.#state === 'starting') await this.#settled;
    if (this.#state === 'running') {
      this.#state = 'stopping';
      this.#settled = this.#stop();
    }
    if (this.#state === 'created') this.close();
    await this.#settled;
  }

  /**
   * Releases a node that was never started. Closing a closed one does nothing.
   *
   * @throws DqliteError `NODE_STATE` when it is starting, running or stopping
   */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'created') throw this.#misused('close it');
    this.#release();
  }

  /**
   * Rewrites the Raft configuration in the directory; the node must not have been started
   * (`spec/dqlite.md` C.7). Call it once, then close the node.
   *
   * @throws DqliteError `NODE_STATE` unless just created, `NODE_START_FAILED` with libdqlite's reason
   */
  recover(members: readonly NodeInfo[]): void {
    if (this.#state !== 'created') throw this.#misused('recover it');
    const ffi = koffi();
    const addresses = members.map((member) => Buffer.from(`${member.address}\0`, 'utf8'));
    const infos = members.map((member, index) => ({
      size: NODE_INFO_BYTES,
      id: member.id,
      address: ffi.address(addresses[index]),
      role: ROLE_CODES[member.role],
    }));
    this.#check(this.#library.recover(this.#pointer, infos, infos.length), 'recovering it');
    // The native side read the addresses through bare integers, which do not keep them alive.
    addresses.length = 0;
  }

  async #start(): Promise<void> {
    try {
      this.#configure();
      const code = await this.#call('start');
      if (code !== 0) {
        const { address, directory } = this.options;
        const detail = this.#library.errorMessage(this.#pointer);
        const reason = unusableDirectory(directory, code, detail);
        throw new DqliteError('NODE_START_FAILED', { address, reason });
      }
      this.#state = 'running';
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #configure(): void {
    const { networkLatencyMs, snapshot, failureDomain, bindAddress } = this.options;
    const library = this.#library;
    const node = this.#pointer;
    const latency = networkLatencyMs ?? DEFAULT_LATENCY_MS;
    const { threshold, trailing } = snapshot ?? DEFAULT_SNAPSHOT;
    this.#check(library.setNetworkLatencyMs(node, latency), `a latency of ${latency} ms`);
    this.#check(
      library.setSnapshotParameters(node, threshold, trailing),
      `snapshots each ${threshold} entries keeping ${trailing}`,
    );
    if (failureDomain !== undefined) {
      this.#check(library.setFailureDomain(node, failureDomain), 'setting the failure domain');
    }
    this.#callback = koffi().register(this.#onConnect, library.connectCallback);
    this.#check(
      library.setConnectFunction(node, this.#callback, null),
      'setting the dial function',
    );
    this.#check(library.setBindAddress(node, bindAddress), `listening on ${bindAddress}`);
    this.#bindAddress = library.getBindAddress(node) ?? bindAddress;
    if (!this.#bindAddress.startsWith('@')) tuneListener(bindAddress);
  }

  /** Must neither throw nor leave the descriptor unset when it says success (`spec/dqlite.md` 0, rule 15). */
  readonly #onConnect = (_argument: unknown, address: string, out: unknown): number => {
    if (this.#state === 'stopping' || this.#state === 'closed') return 1;
    try {
      koffi().encode(out, 'int', this.options.connect(address));
      return 0;
    } catch {
      return 1;
    }
  };

  async #stop(): Promise<void> {
    try {
      await this.#call('stop');
    } finally {
      this.#release();
    }
  }

  #call(name: 'start' | 'stop'): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#library[name].async(this.#pointer, (error, code) => {
        if (error === null || error === undefined) resolve(code);
        else reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  #release(): void {
    this.#state = 'closed';
    this.#library.destroy(this.#pointer);
    if (this.#callback !== undefined) koffi().unregister(this.#callback);
    this.#callback = undefined;
    this.#lock.release();
  }

  #check(code: number, what: string): void {
    if (code === 0) return;
    const detail = this.#library.errorMessage(this.#pointer);
    const kind = code === MISUSE ? 'is not possible' : `gave code ${code}`;
    const reason = `${what} ${kind}${detail ? ` (${detail})` : ''}`;
    throw new DqliteError('NODE_START_FAILED', { address: this.options.address, reason });
  }

  #misused(action: string): DqliteError {
    return new DqliteError('NODE_STATE', { action, state: this.#state });
  }
}
