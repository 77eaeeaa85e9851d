/** The handful of C library calls that Node lacks: raw sockets, their options, and file locks (Linux). */
import { koffi } from './koffi.js';

/** Constants of the Linux ABI, equal on every architecture that Node supports there. */
export const LINUX = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_KEEPALIVE: 9,
  SO_SNDTIMEO: 21,
  SO_ATTACH_FILTER: 26,
  SO_ACCEPTCONN: 30,
  IPPROTO_TCP: 6,
  TCP_NODELAY: 1,
  TCP_KEEPIDLE: 4,
  TCP_KEEPINTVL: 5,
  TCP_KEEPCNT: 6,
  TCP_USER_TIMEOUT: 18,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_DUPFD_CLOEXEC: 1030,
  FD_CLOEXEC: 1,
  O_NONBLOCK: 0o4000,
  SHUT_RDWR: 2,
  LOCK_EX_NB: 2 | 4,
  EWOULDBLOCK: 11,
  EINPROGRESS: 115,
} as const;

interface LibC {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly connect: (fd: number, address: Uint8Array, length: number) => number;
  readonly bind: (fd: number, address: Uint8Array, length: number) => number;
  readonly socketpair: (domain: number, type: number, protocol: number, fds: Int32Array) => number;
  readonly close: (fd: number) => number;
  readonly shutdown: (fd: number, how: number) => number;
  readonly setsockopt: (
    fd: number,
    level: number,
    option: number,
    value: Uint8Array,
    length: number,
  ) => number;
  readonly getsockopt: (
    fd: number,
    level: number,
    option: number,
    value: Int32Array,
    length: Uint32Array,
  ) => number;
  readonly getsockname: (fd: number, address: Uint8Array, length: Uint32Array) => number;
  readonly getpeername: (fd: number, address: Uint8Array, length: Uint32Array) => number;
  readonly fcntl: (fd: number, command: number, argument: number) => number;
  readonly flock: (fd: number, operation: number) => number;
  /** The error number of the last call on this thread. */
  readonly errno: () => number;
}

let bound: LibC | undefined;

/** The C library of this process, bound on first use. */
export function libc(): LibC {
  bound ??= bind();
  return bound;
}

function bind(): LibC {
  const ffi = koffi();
  // The program's own scope: it contains the C library, whatever its file is called.
  const scope = ffi.load(null);
  return {
    socket: scope.func('socket', 'int', ['int', 'int', 'int']),
    connect: scope.func('connect', 'int', ['int', 'void *', 'uint32_t']),
    bind: scope.func('bind', 'int', ['int', 'void *', 'uint32_t']),
    socketpair: scope.func('socketpair', 'int', ['int', 'int', 'int', 'void *']),
    close: scope.func('close', 'int', ['int']),
    shutdown: scope.func('shutdown', 'int', ['int', 'int']),
    setsockopt: scope.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t']),
    getsockopt: scope.func('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *']),
    getsockname: scope.func('getsockname', 'int', ['int', 'void *', 'void *']),
    getpeername: scope.func('getpeername', 'int', ['int', 'void *', 'void *']),
    fcntl: scope.func('fcntl', 'int', ['int', 'int', 'int']),
    flock: scope.func('flock', 'int', ['int', 'int']),
    errno: () => ffi.errno(),
  };
}
