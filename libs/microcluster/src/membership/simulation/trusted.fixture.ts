/** A trust store in memory, which survives the end of a process as files do. */
import { MicroclusterError } from '../../errors/index.js';
import { trustEntry, type TrustEntry, type TrustedMember } from '../../trust/trusted-member.js';

export class SimulatedTrust {
  private entries: readonly TrustEntry[] = [];

  list(): TrustEntry[] {
    return [...this.entries];
  }

  byName(name: string): TrustEntry | undefined {
    return this.entries.find((entry) => entry.name === name);
  }

  byAddress(address: string): TrustEntry | undefined {
    return this.entries.find((entry) => entry.address === address);
  }

  trusts(certificate: string): TrustEntry | undefined {
    return this.entries.find((entry) => entry.certificate === certificate);
  }

  async add(member: TrustedMember): Promise<void> {
    if (this.byName(member.name) !== undefined) {
      throw new MicroclusterError('CONFLICT', { reason: `"${member.name}" is trusted already` });
    }
    this.entries = [...this.entries, trustEntry(member)];
  }

  async replace(members: readonly TrustedMember[]): Promise<void> {
    this.entries = members.map(trustEntry);
  }

  async remove(name: string): Promise<boolean> {
    const rest = this.entries.filter((entry) => entry.name !== name);
    const wasThere = rest.length < this.entries.length;
    this.entries = rest;
    return wasThere;
  }

  clear(): void {
    this.entries = [];
  }
}
