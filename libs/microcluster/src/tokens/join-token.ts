/** The text of a join token: base64 of compact JSON (`spec/core-api.md` 10.1). */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { goObject } from '../types/go-object.js';
import { InvalidValueError } from '../types/invalid-value-error.js';
import { parseValue } from '../types/parse-body.js';
import { addressSchema } from '../types/scalars.js';

const hexSchema = z
  .string({ error: 'must be a string' })
  .regex(/^[0-9a-f]{64}$/i, { error: 'must be 64 hexadecimal digits' })
  .toLowerCase();

const joinTokenSchema = goObject({
  secret: hexSchema,
  fingerprint: hexSchema,
  join_addresses: z
    .array(
      addressSchema.unwrap().refine((address) => address !== '', { error: 'must not be empty' }),
      { error: 'must be a list of addresses' },
    )
    .min(1, { error: 'must name at least one member' }),
});

/** What an operator carries from a cluster to a joiner. */
export interface JoinToken {
  /** 64 hexadecimal digits that authorise one join. */
  readonly secret: string;
  /** Fingerprint of the cluster certificate that the joiner must meet. */
  readonly fingerprint: string;
  /** Members that the joiner may ask, in this order. */
  readonly joinAddresses: readonly string[];
}

/** A fresh secret: 32 random bytes as hex. */
export function generateTokenSecret(): string {
  return randomBytes(32).toString('hex');
}

/** The token's text. */
export function encodeJoinToken(token: JoinToken): string {
  const { secret, fingerprint, joinAddresses } = token;
  const json = JSON.stringify({ secret, fingerprint, join_addresses: joinAddresses });
  return Buffer.from(json).toString('base64');
}

/**
 * Reads a token's text; white space around it is ignored, as it comes from copying.
 *
 * @throws InvalidValueError when it is none. The text never contains the token, which is a secret.
 */
export function decodeJoinToken(text: string): JoinToken {
  const trimmed = text.trim();
  const decoded = Buffer.from(trimmed, 'base64');
  // Node skips what is not base64; a token that does not encode back was damaged on its way.
  if (trimmed === '' || decoded.toString('base64') !== trimmed) {
    throw invalidToken('it is not base64');
  }
  let json: unknown;
  try {
    json = JSON.parse(decoded.toString('utf8'));
  } catch {
    throw invalidToken('it does not contain JSON');
  }
  const token = parseValue(joinTokenSchema, json, 'join token');
  return {
    secret: token.secret,
    fingerprint: token.fingerprint,
    joinAddresses: token.join_addresses,
  };
}

function invalidToken(reason: string): InvalidValueError {
  return new InvalidValueError(
    `Invalid join token: ${reason}; copy the whole token that "tokens add" printed.`,
  );
}
