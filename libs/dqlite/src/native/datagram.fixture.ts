/** A unix datagram socket that receives, as a service manager's. */
import { closeSync, readSync } from 'node:fs';
import { LINUX, libc } from './libc.js';
import { abstractSocketAddress, pathSocketAddress } from './socket-address.js';

export class DatagramReceiver implements Disposable {
  private readonly fd: number;

  /** @param address a path, or `@name` */
  constructor(readonly address: string) {
    const c = libc();
    const type = LINUX.SOCK_DGRAM | LINUX.SOCK_CLOEXEC | LINUX.SOCK_NONBLOCK;
    this.fd = c.socket(LINUX.AF_UNIX, type, 0);
    const bytes = address.startsWith('@')
      ? abstractSocketAddress(address.slice(1))
      : pathSocketAddress(address);
    if (bytes === undefined || c.bind(this.fd, bytes, bytes.length) !== 0) {
      throw new Error(`cannot bind ${address}`);
    }
  }

  /** What has arrived and was not taken yet. */
  take(): string[] {
    const taken: string[] = [];
    const buffer = Buffer.alloc(4096);
    for (;;) {
      try {
        taken.push(buffer.toString('utf8', 0, readSync(this.fd, buffer)));
      } catch {
        return taken;
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
