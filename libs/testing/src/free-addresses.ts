/** Finds loopback addresses that nobody uses, and remembers what they were found for. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Addresses that this process has given out: two applications must not get the same one. */
const given = new Set<string>();

/** An address `127.0.0.1:port` on which nobody listens. */
export async function freeAddress(): Promise<string> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    server.close();
    await once(server, 'close');
    if (bound === null || typeof bound === 'string') {
      throw new TypeError('The system bound no TCP address on 127.0.0.1');
    }
    const address = `127.0.0.1:${bound.port}`;
    if (!given.has(address)) {
      given.add(address);
      return address;
    }
  }
}

/** Says where an application listens in a test. */
export interface AddressSource {
  /** @param purpose what the address is for, such as the name of a server */
  addressOf(purpose: string): Promise<string>;
}

/** The addresses of one application, each found when it is first asked for and the same ever after. */
export class AddressBook implements AddressSource {
  private readonly found = new Map<string, Promise<string>>();

  addressOf(purpose: string): Promise<string> {
    const known = this.found.get(purpose) ?? freeAddress();
    this.found.set(purpose, known);
    return known;
  }
}
