/** Socket options of a TCP connection that carries Raft or a client (`spec/dqlite.md` B.4). */
import { LINUX, libc } from './libc.js';

const OPTIONS: readonly (readonly [level: number, option: number, value: number])[] = [
  // Without it, libdqlite's small writes wait for acknowledgements: 82 instead of 530 writes a second.
  [LINUX.IPPROTO_TCP, LINUX.TCP_NODELAY, 1],
  // A host that vanished inside a transaction is noticed after some 12 s and loses its write lock.
  [LINUX.SOL_SOCKET, LINUX.SO_KEEPALIVE, 1],
  [LINUX.IPPROTO_TCP, LINUX.TCP_KEEPIDLE, 3],
  [LINUX.IPPROTO_TCP, LINUX.TCP_KEEPINTVL, 3],
  [LINUX.IPPROTO_TCP, LINUX.TCP_KEEPCNT, 3],
  [LINUX.IPPROTO_TCP, LINUX.TCP_USER_TIMEOUT, 30_000],
];

/**
 * Sets no-delay, keep-alive and the user timeout on a TCP socket. On Linux, sockets accepted from
 * a listening one inherit them.
 */
export function tuneTcp(fd: number): void {
  for (const [level, option, value] of OPTIONS) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    libc().setsockopt(fd, level, option, bytes, bytes.length);
  }
}
