/** The addresses of applications under test, each of which keeps those that it was given. */
import { freeAddress } from '@microcluster/dqlite/free-address';

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
