/** Applies a schema to outside data and turns whatever is wrong into one readable sentence. */
import { z } from 'zod';
import { InvalidValueError } from './invalid-value-error.js';
import { parseJson, stringifyJson } from './json.js';

/** At most this many faults are listed in one error text. */
const MAX_FAULTS = 5;
/** Longest text of one fault, characters: what was sent may be quoted in it, and may be megabytes. */
const MAX_FAULT_LENGTH = 300;

/**
 * Parses a JSON value (the body of a request, the metadata of a reply).
 *
 * @param what names the value in the error text, such as `TokenRequest`
 * @throws InvalidValueError `Invalid TokenRequest: expire_after must be ...`
 */
export function parseValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const faults = issues.slice(0, MAX_FAULTS).map(({ path, message }) => describe(path, message));
  const listed = faults.join('; ');
  const rest = issues.length > MAX_FAULTS ? `; and ${issues.length - MAX_FAULTS} more` : '';
  throw new InvalidValueError(`Invalid ${what}: ${listed}${rest}.`);
}

/** Parses JSON text by a schema. @throws InvalidValueError as {@link parseValue} */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  what: string,
): z.output<Schema> {
  return parseValue(schema, parseJson(text), what);
}

/** The JSON value that goes over the wire, with `bigint` where a number would lose precision. */
export function encodeValue<Schema extends z.ZodType>(
  schema: Schema,
  value: z.output<Schema>,
): z.input<Schema> {
  return z.encode(schema, value);
}

/** The JSON text of {@link encodeValue}. */
export function encodeBody<Schema extends z.ZodType>(
  schema: Schema,
  value: z.output<Schema>,
): string {
  return stringifyJson(encodeValue(schema, value));
}

/** One line, whatever was sent. */
function describe(path: readonly PropertyKey[], message: string): string {
  const text = path.length === 0 ? `it ${message}` : `${path.map(String).join('.')} ${message}`;
  const cut = text.length > MAX_FAULT_LENGTH ? `${text.slice(0, MAX_FAULT_LENGTH)}...` : text;
  return cut.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '\ufffd');
}
