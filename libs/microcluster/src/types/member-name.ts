/** The rule for names of members, tokens and additional servers, with its exact texts (`spec/core-api.md` 6.1). */
import { InvalidValueError } from './invalid-value-error.js';

/** What a name belongs to; it opens the error text. */
export type NameKind = 'Cluster member' | 'Token' | 'Server';

/**
 * Checks a name as a fully qualified domain name.
 *
 * @returns the reason why it is none, or undefined when it is one.
 */
export function nameFault(name: string): string | undefined {
  if (name.length < 1 || name.length > 255) return 'Name must be 1-255 characters long';
  for (const label of name.split('.')) {
    const fault = labelFault(label);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * Returns `name` when it is valid.
 *
 * @throws InvalidValueError `Cluster member name "x" is not a valid FQDN: ...`
 */
export function parseName(kind: NameKind, name: string): string {
  const fault = nameFault(name);
  if (fault === undefined) return name;
  throw new InvalidValueError(`${kind} name ${JSON.stringify(name)} is not a valid FQDN: ${fault}`);
}

/** As {@link parseName} for a member. */
export function parseMemberName(name: string): string {
  return parseName('Cluster member', name);
}

/** As {@link parseName} for a token. */
export function parseTokenName(name: string): string {
  return parseName('Token', name);
}

/** As {@link parseName} for an additional server. */
export function parseServerName(name: string): string {
  return parseName('Server', name);
}

function labelFault(label: string): string | undefined {
  if (label.length < 1 || label.length > 63) return 'Name must be 1-63 characters long';
  if (label.startsWith('-')) return 'Name must not start with "-" character';
  if (label.endsWith('-')) return 'Name must not end with "-" character';
  // A plain unsigned 64-bit number; longer runs of digits are no number to Go.
  if (/^\d+$/.test(label) && BigInt(label) < 2n ** 64n) return 'Name cannot be a number';
  if (!/^[A-Za-z0-9-]+$/.test(label)) {
    return 'Name can only contain alphanumeric and hyphen characters';
  }
  return undefined;
}
