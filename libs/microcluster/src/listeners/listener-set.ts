/** All open listeners of a daemon by name: the control socket, the network ones, additional servers. */
import { chmod, chown, rm, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { UNIX_LISTENER } from '../access/index.js';
import { MicroclusterError } from '../errors/index.js';
import { Address, DEFAULT_PORT } from '../types/address.js';
import { isAccepting, tryListening } from './already-running.js';
import type { RequestSink } from './http-front.js';
import { Listener } from './listener.js';
import { DEFAULT_LISTENER_LIMITS, type ListenerLimits } from './listener-limits.js';
import { groupId } from './socket-group.js';
import type { ListenerKeyPair } from './tls-terminator.js';

/** What the control socket is called among inherited ones. */
const CONTROL = 'control';

/** Where and how the control socket is opened. */
export interface UnixListenerOptions {
  /** Path of the socket. */
  readonly path: string;
  /** Name or number of the group that may use it. Default: the group of the process. */
  readonly group?: string | undefined;
  /** Default for closing, milliseconds. Default 0: cut at once. */
  readonly drainTimeoutMs?: number;
}

/** Where and how a network listener is opened. */
export interface TlsListenerOptions {
  /** Unique; `core`, `pre-init`, or the name of an additional server. */
  readonly name: string;
  /** `ip:port`; a missing port is 8443. */
  readonly address: string;
  readonly keyPair: ListenerKeyPair;
  /** Default for closing, milliseconds. Default 0: cut at once. */
  readonly drainTimeoutMs?: number;
}

/** How a listener is closed. */
export interface CloseListenerOptions {
  /** How long requests in flight may finish, milliseconds; default as it was opened with. */
  readonly drainMs?: number;
}

/** Settings of the set. */
export interface ListenerSetOptions {
  /** Takes connections that offer our ALPN name to the database node, before TLS has begun. */
  readonly onDqliteSocket?: (socket: Socket, head: Buffer) => void;
  readonly limits?: Partial<ListenerLimits>;
  /** Whether a certificate, by its fingerprint, is a member's. Default: none is. */
  readonly isMember?: (fingerprint: string) => boolean;
  /** Listening sockets that exist already; see `InheritedSockets`. */
  readonly inherited?: {
    has(isMeant: (address: string) => boolean): boolean;
    descriptorFor(name: string, isMeant: (address: string) => boolean): number | undefined;
  };
}

/** Opens and closes listeners, all of which serve one adapter. */
export class ListenerSet {
  private readonly open = new Map<string, Listener>();
  private readonly limits: ListenerLimits;
  /** Those whose drain nobody waits for; they have no name any more. */
  private readonly retiring = new Set<Listener>();

  /**
   * @param sink the adapter that answers
   * @param options what does not go to the adapter, and limits
   */
  constructor(
    private readonly sink: RequestSink,
    private readonly options: ListenerSetOptions = {},
  ) {
    this.limits = { ...DEFAULT_LISTENER_LIMITS, ...options.limits };
  }

  /** Whether a listener of that name is open. */
  has(name: string): boolean {
    return this.open.has(name);
  }

  /** The address it is bound to; `undefined` when it is not open. */
  addressOf(name: string): string | undefined {
    return this.open.get(name)?.address;
  }

  /**
   * Opens the control socket (`spec/core-api.md` 3.3): never accessible to others than its owner and group.
   * An inherited one is taken as it is.
   *
   * @throws MicroclusterError `SOCKET_ALREADY_RUNNING`, `SOCKET_GROUP_UNKNOWN`, `SOCKET_LISTEN_FAILED`
   */
  async openUnix({ path, group, drainTimeoutMs = 0 }: UnixListenerOptions): Promise<void> {
    const listener = this.create({ name: UNIX_LISTENER, drainTimeoutMs });
    const fd = this.options.inherited?.descriptorFor(CONTROL, (bound) => bound === path);
    if (fd !== undefined) {
      await listener.open({ fd, path }).catch((cause: unknown) => {
        throw socketFailed(path, cause);
      });
      this.open.set(UNIX_LISTENER, listener);
      return;
    }
    const gid = group === undefined || group === '' ? undefined : await groupId(group);
    if (await isAccepting({ path })) {
      throw new MicroclusterError('SOCKET_ALREADY_RUNNING', { path });
    }
    try {
      await removeSocket(path);
      await withUmask(0o177, () => listener.open({ path }));
      if (gid !== undefined) await chown(path, process.getuid?.() ?? -1, gid);
      await chmod(path, 0o660);
    } catch (cause) {
      await listener.close(0);
      throw socketFailed(path, cause);
    }
    this.open.set(UNIX_LISTENER, listener);
  }

  /**
   * Opens a network listener (`spec/core-api.md` 4.2 and 4.3).
   *
   * @throws MicroclusterError `LISTENER_NAME_TAKEN`, `INVALID_LISTEN_ADDRESS`, `INVALID_KEY_PAIR`,
   *   `LISTENER_ALREADY_RUNNING`, `LISTEN_FAILED`
   */
  async openTls(options: TlsListenerOptions): Promise<void> {
    const { name, keyPair, drainTimeoutMs = 0 } = options;
    const address = parseAddress(options.address);
    const listener = this.create({ name, keyPair, drainTimeoutMs });
    const fd = this.options.inherited?.descriptorFor(
      name,
      (bound) => Address.tryParse(bound)?.covers(address) === true,
    );
    if (fd === undefined) await refuseAccepting(address);
    try {
      await listener.open(fd === undefined ? { host: address.host, port: address.port } : { fd });
    } catch (cause) {
      throw listenFailed(cause);
    }
    this.open.set(name, listener);
  }

  /**
   * Tries whether an address could be listened on, without keeping it.
   *
   * @throws as {@link openTls} does for the address
   */
  async requireFree(text: string): Promise<void> {
    const address = parseAddress(text);
    const { inherited } = this.options;
    if (inherited?.has((bound) => Address.tryParse(bound)?.covers(address) === true)) return;
    await refuseAccepting(address);
    try {
      await tryListening({ host: address.host, port: address.port });
    } catch (cause) {
      throw listenFailed(cause);
    }
  }

  /**
   * Shows another certificate on new connections; open ones keep theirs.
   *
   * @throws MicroclusterError `LISTENER_UNKNOWN`, or `INVALID_KEY_PAIR`, which leaves the good pair in place
   */
  setKeyPair(name: string, keyPair: ListenerKeyPair): void {
    const listener = this.open.get(name);
    if (listener === undefined) throw new MicroclusterError('LISTENER_UNKNOWN', { name });
    listener.setKeyPair(keyPair);
  }

  /**
   * Closes one listener: stops accepting at once, waits for requests in flight, cuts the rest.
   *
   * A request must not wait for the close of the listener that it came in on; {@link retire} is for that.
   *
   * @returns how many connections were cut; 0 when no such listener is open
   */
  async close(name: string, options: CloseListenerOptions = {}): Promise<number> {
    const listener = this.open.get(name);
    if (listener === undefined) return 0;
    this.open.delete(name);
    return listener.close(options.drainMs);
  }

  /**
   * Lets the requests that are in flight on a listener finish, and cuts those that take longer. The listener stays
   * open. Requests that come later are not waited for, nor those that outlast a drain or have no end of their own.
   *
   * @param limitMs how long to wait, milliseconds; 0 neither waits nor cuts
   * @returns how many connections were cut; 0 when no such listener is open
   */
  async settle(name: string, limitMs: number): Promise<number> {
    return (await this.open.get(name)?.settle(limitMs)) ?? 0;
  }

  /**
   * As {@link close}, but only begins it: the name and the address are free at once. {@link closeAll} waits for
   * its end, and may bring it nearer.
   */
  retire(name: string, options: CloseListenerOptions = {}): void {
    const listener = this.open.get(name);
    if (listener === undefined) return;
    this.open.delete(name);
    this.retiring.add(listener);
    void listener.close(options.drainMs).finally(() => this.retiring.delete(listener));
  }

  /**
   * Closes all listeners. Retiring ones get no more time than the others, however much they were given before.
   *
   * @returns how many connections were cut
   */
  async closeAll(options: CloseListenerOptions = {}): Promise<number> {
    const listeners = [...this.open.values(), ...this.retiring];
    this.open.clear();
    const cut = await Promise.all(listeners.map((listener) => listener.close(options.drainMs)));
    return cut.reduce((sum, count) => sum + count, 0);
  }

  private create(settings: {
    readonly name: string;
    readonly keyPair?: ListenerKeyPair;
    readonly drainTimeoutMs: number;
  }): Listener {
    if (this.open.has(settings.name)) {
      throw new MicroclusterError('LISTENER_NAME_TAKEN', { name: settings.name });
    }
    return new Listener({
      ...settings,
      limits: this.limits,
      sink: this.sink,
      onDqlite: this.options.onDqliteSocket,
      isMember: this.options.isMember ?? (() => false),
    });
  }
}

/** @throws MicroclusterError `LISTENER_ALREADY_RUNNING` when something accepts connections there */
async function refuseAccepting(address: Address): Promise<void> {
  if (address.port !== 0 && (await isAccepting({ host: address.host, port: address.port }))) {
    const network = address.ip === '0.0.0.0' ? 'tcp4' : 'tcp';
    throw new MicroclusterError('LISTENER_ALREADY_RUNNING', {
      network,
      address: address.toString(),
    });
  }
}

function socketFailed(path: string, cause: unknown): MicroclusterError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MicroclusterError('SOCKET_LISTEN_FAILED', { path, reason }, { cause });
}

function listenFailed(cause: unknown): MicroclusterError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MicroclusterError('LISTEN_FAILED', { reason }, { cause });
}

function parseAddress(text: string): Address {
  try {
    return Address.parse(text, { defaultPort: DEFAULT_PORT });
  } catch (cause) {
    throw new MicroclusterError('INVALID_LISTEN_ADDRESS', { address: text }, { cause });
  }
}

/** Removes what a killed daemon left behind, and nothing else. */
async function removeSocket(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`"${path}" exists and is not a socket`);
  await rm(path);
}

/** The file mode of a unix socket is decided by the umask at the moment of binding, which is synchronous. */
function withUmask(mask: number, bind: () => Promise<void>): Promise<void> {
  const before = process.umask(mask);
  try {
    return bind();
  } finally {
    process.umask(before);
  }
}
