/** Schemas of the wire format's scalar types, between their JSON form and ours (`spec/core-api.md` 6). */
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { Address, DEFAULT_PORT, canonicalAddress } from './address.js';
import { isDuration } from './duration.js';
import { isInvalidValueError } from './invalid-value-error.js';
import { formatTime, parseTime } from './time.js';

const text = z.string({ error: 'must be a string' });

/** A string; missing means the empty one. */
export const textSchema = text.default('');

/** A flag; missing means false. */
export const flagSchema = z.boolean({ error: 'must be true or false' }).default(false);

/** An unsigned integer up to 2^53 - 1; missing means 0. */
export const countSchema = z
  .number({ error: 'must be a whole number from 0 to 9007199254740991' })
  .int({ error: 'must be a whole number from 0 to 9007199254740991' })
  .nonnegative({ error: 'must be a whole number from 0 to 9007199254740991' })
  .default(0);

/** A duration: integer nanoseconds in JSON (`number`, or `bigint` beyond 2^53), `bigint` here. */
export const durationSchema = z
  .codec(
    z.union([z.int(), z.bigint()], { error: 'must be a whole number of nanoseconds' }),
    z.bigint().refine(isDuration, { error: 'must fit 64 bits of nanoseconds' }),
    {
      decode: (nanoseconds) => BigInt(nanoseconds),
      encode: (nanoseconds) => {
        const number = Number(nanoseconds);
        return Number.isSafeInteger(number) ? number : nanoseconds;
      },
    },
  )
  .default(0n);

/** An RFC 3339 time in JSON, a `Date` here. */
export const timeSchema = z.codec(text, z.date(), {
  decode: (value, context) => refuseInvalid(context, value, () => parseTime(value)) ?? z.NEVER,
  encode: formatTime,
});

/** An `ip:port` address in its canonical text, or the empty text. */
export const addressSchema = z
  .codec(text, text, {
    decode: (value, context) =>
      refuseInvalid(context, value, () => canonicalAddress(value)) ?? z.NEVER,
    encode: (address) => address,
  })
  .default('');

/** As {@link addressSchema} where something listens: a missing port is 8443 (`spec/core-api.md` 4.2). */
export const listenAddressSchema = z
  .codec(text, text, {
    decode: (value, context) =>
      value === ''
        ? ''
        : (refuseInvalid(context, value, () =>
            Address.parse(value, { defaultPort: DEFAULT_PORT }).toString(),
          ) ?? z.NEVER),
    encode: (address) => address,
  })
  .default('');

/** The number of a failure domain: a JSON integer, or its digits in YAML. */
export const failureDomainSchema = z.codec(
  z.union([z.int().nonnegative(), z.bigint().nonnegative(), z.string().regex(/^\d{1,20}$/)], {
    error: 'must be a whole number from 0',
  }),
  z.bigint().refine((domain) => domain < 2n ** 64n, { error: 'must fit 64 bits' }),
  {
    decode: (value) => BigInt(value),
    encode: (domain) => {
      const number = Number(domain);
      return Number.isSafeInteger(number) ? number : domain;
    },
  },
);

/** A certificate as PEM; normalised, so that equal certificates have equal texts. */
export const certificateSchema = z.codec(text, text, {
  decode: (value, context) => {
    try {
      return new X509Certificate(value).toString();
    } catch {
      context.issues.push({
        code: 'custom',
        input: value,
        message: 'Failed to decode certificate: send one X.509 certificate as PEM',
      });
      return z.NEVER;
    }
  },
  encode: (certificate) => certificate,
});

/** API extensions: one element is a bare string in JSON, any other number an array; `null` is refused. */
export const extensionsSchema = z.codec(
  z.union([text, z.array(text)], { error: 'must be a string or an array of strings' }),
  z.array(text),
  { decode: decodeExtensions, encode: encodeExtensions },
);

/** The list that JSON means: a bare string is a list of one. */
export function decodeExtensions(json: string | string[]): string[] {
  return typeof json === 'string' ? [json] : json;
}

/** The JSON form of a list of extensions. */
export function encodeExtensions(extensions: readonly string[]): string | string[] {
  const [first] = extensions;
  return extensions.length === 1 && first !== undefined ? first : [...extensions];
}

/** Runs a parser; an {@link InvalidValueError} becomes an issue of the schema and the result undefined. */
function refuseInvalid<T>(
  context: z.core.ParsePayload,
  input: unknown,
  parse: () => T,
): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!isInvalidValueError(error)) throw error;
    context.issues.push({ code: 'custom', input, message: error.message });
    return undefined;
  }
}
