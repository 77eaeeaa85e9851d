/** A listening socket on which this process accepts nothing: what a service manager passes on. */
import { closeSync } from 'node:fs';
import { koffi } from './koffi.js';
import { LINUX, libc } from './libc.js';
import { ipv4SocketAddress, parseHostAndPort, pathSocketAddress } from './socket-address.js';

export class ListeningSocket implements Disposable {
  readonly descriptor: number;

  /** @param address an absolute path, or an IPv4 address and a port */
  constructor(readonly address: string) {
    const isPath = address.startsWith('/');
    const target = isPath ? undefined : parseHostAndPort(address);
    const bytes = isPath ? pathSocketAddress(address) : target && ipv4SocketAddress(target);
    const c = libc();
    const type = LINUX.SOCK_STREAM | LINUX.SOCK_CLOEXEC;
    this.descriptor = c.socket(isPath ? LINUX.AF_UNIX : LINUX.AF_INET, type, 0);
    const listen = koffi().load(null).func('listen', 'int', ['int', 'int']);
    const isBound = bytes !== undefined && c.bind(this.descriptor, bytes, bytes.length) === 0;
    if (!isBound || listen(this.descriptor, 16) !== 0)
      throw new Error(`cannot listen on ${address}`);
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}
