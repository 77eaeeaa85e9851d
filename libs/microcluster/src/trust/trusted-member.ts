/** One entry of the trust store, in memory and as the text of its file (`spec/core-api.md` 1.4). */
import { parse, stringify } from 'yaml';
import { fingerprintOf } from '../certificates/inspect.js';
import { canonicalAddress } from '../types/address.js';
import { InvalidValueError } from '../types/invalid-value-error.js';
import { parseMemberName } from '../types/member-name.js';
import { parseValue } from '../types/parse-body.js';
import { clusterMemberLocalSchema } from '../types/schemas.js';

/** Its file has five characters more, and file systems allow 255. */
const MAX_NAME_LENGTH = 250;

/** A member whose certificate is trusted. */
export interface TrustedMember {
  readonly name: string;
  /** Canonical `ip:port`. */
  readonly address: string;
  /** The member's server certificate, PEM. */
  readonly certificate: string;
}

/** A trusted member with its fingerprint computed once. */
export interface TrustEntry extends TrustedMember {
  readonly fingerprint: string;
}

/**
 * Checks a member and brings address and certificate into their canonical form.
 *
 * @throws InvalidValueError when name, address or certificate is not valid
 */
export function trustEntry(member: TrustedMember): TrustEntry {
  const parsed = parseValue(clusterMemberLocalSchema, member, 'trust store entry');
  if (parsed.address === '') {
    throw new InvalidValueError('Invalid trust store entry: address must not be empty.');
  }
  const name = parseMemberName(parsed.name);
  if (name.length > MAX_NAME_LENGTH) {
    throw new InvalidValueError(
      `Invalid trust store entry: a name of ${name.length} characters is too long for a file name; use at most ${MAX_NAME_LENGTH}.`,
    );
  }
  return {
    name,
    address: canonicalAddress(parsed.address),
    certificate: parsed.certificate,
    fingerprint: fingerprintOf(parsed.certificate),
  };
}

/** Reads the text of a file. @throws InvalidValueError when it is no complete entry */
export function parseTrustFile(text: string): TrustEntry {
  let content: unknown;
  try {
    // Without types: a name such as 1e3 is a text here, not a number.
    content = parse(text, { schema: 'failsafe', logLevel: 'error' });
  } catch (cause) {
    throw new InvalidValueError('Invalid trust store entry: it is not YAML.', { cause });
  }
  return trustEntry(parseValue(clusterMemberLocalSchema, content, 'trust store entry'));
}

/** The text of an entry's file. */
export function formatTrustFile({ name, address, certificate }: TrustedMember): string {
  return stringify(
    { name, address, certificate },
    { indent: 4, lineWidth: 0, blockQuote: 'literal' },
  );
}
