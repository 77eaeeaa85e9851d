/** Sends to unix datagram sockets, which Node's dgram cannot (service managers listen on them). */
import { closeSync, writeSync } from 'node:fs';
import { isSystemError } from '../errors/system-error.js';
import { LINUX, libc } from './libc.js';
import { abstractSocketAddress, pathSocketAddress } from './socket-address.js';

/**
 * Sends one datagram, without waiting.
 *
 * @param to an absolute path, or `@name` of an abstract socket
 * @returns false when the receiver has no room for it now; try again later
 * @throws Error when nobody listens there or the address cannot be used
 */
export function sendUnixDatagram(to: string, text: string): boolean {
  const address = to.startsWith('@') ? abstractSocketAddress(to.slice(1)) : pathSocketAddress(to);
  if (address === undefined) throw new Error(`The path of the socket "${to}" is too long`);
  const c = libc();
  const type = LINUX.SOCK_DGRAM | LINUX.SOCK_CLOEXEC | LINUX.SOCK_NONBLOCK;
  const fd = c.socket(LINUX.AF_UNIX, type, 0);
  if (fd < 0) throw new Error(`A socket could not be made (error number ${c.errno()})`);
  try {
    if (c.connect(fd, address, address.length) !== 0) {
      throw new Error(`The socket "${to}" does not accept datagrams (error number ${c.errno()})`);
    }
    writeSync(fd, text);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EAGAIN')) return false;
    throw error;
  } finally {
    closeSync(fd);
  }
}
