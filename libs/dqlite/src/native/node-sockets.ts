/**
 * Looks at the sockets that libdqlite opened in this process: its listener, to which it gives no
 * options, and the connections it accepted, which must be cut before it stops (`spec/dqlite.md` B.4, B.5).
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { koffi } from './koffi.js';
import { LINUX, libc } from './libc.js';
import { abstractSocketAddress, ipv4SocketAddress, parseHostAndPort } from './socket-address.js';
import { tuneTcp } from './tcp-options.js';

/** Which of the accepted connections are meant: all, or only those whose other end has no name. */
export type AcceptedScope = 'all' | 'unnamed';

const UNNAMED_LENGTH = 2;

/**
 * Gives the listener of a TCP-bound node the options that its connections then inherit. To be called
 * between binding and starting, when nothing is accepted yet and the socket does not listen yet.
 */
export function tuneListener(bindAddress: string): void {
  for (const { fd } of socketsBoundTo(bindAddress)) tuneTcp(fd);
}

/** Makes the kernel drop attempts to connect to a TCP-bound node, which has no way to stop listening. */
export function silenceListener(bindAddress: string): void {
  // One instruction of the classic packet filter: return 0, keep nothing.
  const program = Buffer.from([0x06, 0, 0, 0, 0, 0, 0, 0]);
  const descriptor = Buffer.alloc(16);
  descriptor.writeUInt16LE(1, 0);
  descriptor.writeBigUInt64LE(koffi().address(program), 8);
  for (const { fd, listening } of socketsBoundTo(bindAddress)) {
    if (!listening) continue;
    libc().setsockopt(fd, LINUX.SOL_SOCKET, LINUX.SO_ATTACH_FILTER, descriptor, descriptor.length);
  }
}

/** Number of connections that the node bound to `bindAddress` has accepted and not yet closed. */
export function countAccepted(bindAddress: string, scope: AcceptedScope): number {
  return accepted(bindAddress, scope).length;
}

/** Cuts accepted connections, as if their other ends had gone; libdqlite then closes them. */
export function shutdownAccepted(bindAddress: string, scope: AcceptedScope): void {
  for (const fd of accepted(bindAddress, scope)) libc().shutdown(fd, LINUX.SHUT_RDWR);
}

function accepted(bindAddress: string, scope: AcceptedScope): number[] {
  return socketsBoundTo(bindAddress)
    .filter(({ fd, listening }) => !listening && (scope === 'all' || !peerHasName(fd)))
    .map(({ fd }) => fd);
}

function peerHasName(fd: number): boolean {
  const address = Buffer.alloc(128);
  const length = new Uint32Array([address.length]);
  return libc().getpeername(fd, address, length) === 0 && length[0] !== UNNAMED_LENGTH;
}

function socketsBoundTo(bindAddress: string): { fd: number; listening: boolean }[] {
  const wanted = kernelAddress(bindAddress);
  if (wanted === undefined) return [];
  const sockets: { fd: number; listening: boolean }[] = [];
  for (const entry of readdirSync('/proc/self/fd')) {
    const fd = Number(entry);
    if (isSocket(fd) && localAddress(fd)?.equals(wanted) === true) {
      sockets.push({ fd, listening: isListening(fd) });
    }
  }
  return sockets;
}

function kernelAddress(bindAddress: string): Buffer | undefined {
  if (bindAddress.startsWith('@')) return abstractSocketAddress(bindAddress.slice(1));
  const parsed = parseHostAndPort(bindAddress);
  return parsed === undefined ? undefined : ipv4SocketAddress(parsed)?.subarray(0, 8);
}

function localAddress(fd: number): Buffer | undefined {
  const address = Buffer.alloc(128);
  const length = new Uint32Array([address.length]);
  if (libc().getsockname(fd, address, length) !== 0) return undefined;
  const isIpv4 = address.readUInt16LE(0) === LINUX.AF_INET;
  return address.subarray(0, isIpv4 ? 8 : length[0]);
}

function isListening(fd: number): boolean {
  const value = new Int32Array(1);
  const length = new Uint32Array([4]);
  libc().getsockopt(fd, LINUX.SOL_SOCKET, LINUX.SO_ACCEPTCONN, value, length);
  return value[0] === 1;
}

function isSocket(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    // The descriptor of the directory listing itself, closed by now.
    return false;
  }
}
