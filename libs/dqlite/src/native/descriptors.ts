/** File descriptors that this process was started with: listening sockets of a service manager. */
import { LINUX, libc } from './libc.js';
import { textOfSocketAddress } from './socket-address.js';

/** The largest socket address of those that are understood here. */
const ADDRESS_BYTES = 128;

/**
 * What a listening stream socket is bound to: `ip:port` with IPv6 in brackets, a path, or `@name`.
 *
 * @returns undefined when the descriptor is none
 */
export function inspectListener(fd: number): string | undefined {
  const c = libc();
  const value = new Int32Array(1);
  const size = new Uint32Array([4]);
  const asked = c.getsockopt(fd, LINUX.SOL_SOCKET, LINUX.SO_ACCEPTCONN, value, size);
  if (asked !== 0 || value[0] !== 1) return undefined;
  const address = Buffer.alloc(ADDRESS_BYTES);
  const length = new Uint32Array([address.length]);
  if (c.getsockname(fd, address, length) !== 0) return undefined;
  return textOfSocketAddress(address, length[0] ?? 0);
}

/** Closes the descriptor in programs that this process starts from now on. */
export function keepFromChildren(fd: number): void {
  libc().fcntl(fd, LINUX.F_SETFD, LINUX.FD_CLOEXEC);
}

/**
 * Another descriptor of the same socket, closed in programs that this process starts.
 *
 * @throws Error when there are none left
 */
export function duplicateDescriptor(fd: number): number {
  const copy = libc().fcntl(fd, LINUX.F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw new Error(`Descriptor ${fd} cannot be duplicated (error ${libc().errno()})`);
  return copy;
}
