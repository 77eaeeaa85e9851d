/** Whether the three records of who is a member agree: table, trust store and dqlite (`spec/core-api.md` 24.4). */
import { PENDING } from '../../database/index.js';
import { canonicalAddress } from '../../types/index.js';

/** A member as any of the records knows it. */
interface Known {
  readonly address: string;
}

/** The three records at about the same moment. */
export interface MembershipRecords {
  readonly rows: readonly (Known & { readonly role: string })[];
  readonly trusted: readonly Known[];
  readonly nodes: readonly Known[];
}

/** The outcome of the comparison. */
export type RecordsComparison =
  | { readonly kind: 'consistent' }
  /** Table and dqlite agree; the trust store has not followed yet. */
  | { readonly kind: 'trust-lags'; readonly text: string }
  | { readonly kind: 'inconsistent'; readonly text: string };

/**
 * Compares by address. A member that is still joining (role `PENDING`) may be in any of the records or not:
 * with it, two joins at once would refuse each other. Pure.
 */
export function compareRecords({ rows, trusted, nodes }: MembershipRecords): RecordsComparison {
  const joining = new Set(rows.filter((row) => row.role === PENDING).map(addressOf));
  const settled = (list: readonly Known[]) =>
    [...new Set(list.map(addressOf))].filter((address) => !joining.has(address)).toSorted();
  const [table, truststore, dqlite] = [settled(rows), settled(trusted), settled(nodes)];
  const text = `Microcluster node membership is inconsistent across core_cluster_members (${listed(table)}), truststore (${listed(truststore)}) and dqlite (${listed(dqlite)})`;
  if (listed(table) !== listed(dqlite)) return { kind: 'inconsistent', text };
  if (listed(table) !== listed(truststore)) return { kind: 'trust-lags', text };
  return { kind: 'consistent' };
}

function addressOf({ address }: Known): string {
  return canonicalAddress(address);
}

function listed(addresses: readonly string[]): string {
  return addresses.join(', ');
}
