/** Makes the file descriptors that libdqlite wants from its connect callback (`spec/dqlite.md` B.3, B.4). */
import { DqliteError } from '../errors/index.js';
import { LINUX, libc } from './libc.js';
import { abstractSocketAddress, ipv4SocketAddress, parseHostAndPort } from './socket-address.js';
import { tuneTcp } from './tcp-options.js';

/** How long libdqlite's first, blocking write may wait for the connection, seconds. */
const CONNECT_SECONDS = 5n;

function systemError(what: string): Error {
  return new Error(`${what} failed with error number ${libc().errno()}`);
}

/**
 * A TCP socket on its way to `address`, an IPv4 literal with port. It does not wait for the
 * connection: libdqlite's first write, on a thread of its own, does, for at most 5 s.
 *
 * @returns undefined when `address` is not an IPv4 literal with port
 */
export function connectingTcpSocket(address: string): number | undefined {
  const parsed = parseHostAndPort(address);
  const target = parsed === undefined ? undefined : ipv4SocketAddress(parsed);
  if (target === undefined) return undefined;
  const c = libc();
  const fd = c.socket(LINUX.AF_INET, LINUX.SOCK_STREAM | LINUX.SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError('socket');
  tuneTcp(fd);
  const sendTimeout = Buffer.alloc(16);
  sendTimeout.writeBigInt64LE(CONNECT_SECONDS, 0);
  c.setsockopt(fd, LINUX.SOL_SOCKET, LINUX.SO_SNDTIMEO, sendTimeout, sendTimeout.length);
  const flags = c.fcntl(fd, LINUX.F_GETFL, 0);
  c.fcntl(fd, LINUX.F_SETFL, flags | LINUX.O_NONBLOCK);
  if (c.connect(fd, target, target.length) !== 0 && c.errno() !== LINUX.EINPROGRESS) {
    const error = systemError(`connect to ${address}`);
    c.close(fd);
    throw error;
  }
  c.fcntl(fd, LINUX.F_SETFL, flags);
  return fd;
}

/** Two connected unix sockets: one for libdqlite, one for us. */
export function connectedPair(): readonly [theirs: number, ours: number] {
  const pair = new Int32Array(2);
  const type = LINUX.SOCK_STREAM | LINUX.SOCK_CLOEXEC;
  if (libc().socketpair(LINUX.AF_UNIX, type, 0, pair) !== 0) throw systemError('socketpair');
  const [theirs, ours] = pair;
  if (theirs === undefined || ours === undefined) throw new Error('socketpair gave no descriptors');
  return [theirs, ours];
}

/**
 * Connects to the abstract socket that a node of this process listens on. libdqlite looks at the
 * identity of the *connecting* process, so this works only here; the descriptor may then be passed on.
 *
 * @param bindAddress what the node is bound to, `@name`
 * @param named gives our end a name, by which {@link acceptedSockets} tells it from others
 */
export function connectAbstract(bindAddress: string, named: boolean): number {
  const c = libc();
  const fd = c.socket(LINUX.AF_UNIX, LINUX.SOCK_STREAM | LINUX.SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemError('socket');
  if (named) {
    const family = Buffer.alloc(2);
    family.writeUInt16LE(LINUX.AF_UNIX, 0);
    // A bare family makes the kernel choose a free name.
    c.bind(fd, family, family.length);
  }
  const target = abstractSocketAddress(bindAddress.slice(1));
  if (c.connect(fd, target, target.length) !== 0) {
    const reason = `the engine refused (error number ${c.errno()})`;
    c.close(fd);
    throw new DqliteError('CONNECTION_LOST', { address: bindAddress, reason });
  }
  return fd;
}
