/** Addresses that a member asks the test for: no two members get the same, and each gets its own again. */
import type { AddressSource } from '../../address-book.js';

export class AskedAddresses implements AddressSource {
  private readonly waiting = new Map<string, ((address: string) => void)[]>();

  /** @param ask sends the question, which {@link answer} answers */
  constructor(private readonly ask: (purpose: string) => void) {}

  addressOf(purpose: string): Promise<string> {
    return new Promise((resolve) => {
      this.waiting.set(purpose, [...(this.waiting.get(purpose) ?? []), resolve]);
      this.ask(purpose);
    });
  }

  answer(purpose: string, address: string): void {
    const resolvers = this.waiting.get(purpose) ?? [];
    this.waiting.delete(purpose);
    for (const resolve of resolvers) resolve(address);
  }
}
