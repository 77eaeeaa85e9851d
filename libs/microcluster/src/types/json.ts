/** JSON in which integers beyond 2^53 survive as `bigint`, in both directions (Node 20 has no raw JSON yet). */
import { randomUUID } from 'node:crypto';
import { InvalidValueError } from './invalid-value-error.js';

/** Strings are skipped as a whole; group 1 is an integer that `number` may not be able to hold. */
const STRING_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|(-?\d{16,})(?![\d.eE])/g;

/**
 * Parses JSON. An integer that is not exactly representable as a `number` becomes a `bigint`, everything
 * else is as with `JSON.parse`.
 *
 * @throws InvalidValueError when the text is not JSON.
 */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return /\d{16}/.test(text) ? reviveIntegers(text) : value;
  } catch (cause) {
    throw new InvalidValueError('The body is not valid JSON; send a complete JSON document.', {
      cause,
    });
  }
}

/**
 * Writes JSON on one line. A `bigint` becomes a plain JSON integer.
 *
 * @throws TypeError when the value contains a cycle.
 */
export function stringifyJson(value: unknown): string {
  let sawBigint = false;
  const mark = randomUUID();
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'bigint') return item;
    sawBigint = true;
    return `${mark}${item}`;
  });
  // `JSON.stringify(undefined)` is undefined, whatever its type says.
  if (text === undefined) return 'null';
  return sawBigint ? text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1') : text;
}

/** Parses text that is known to be JSON. Long integers travel through `JSON.parse` as marked strings. */
function reviveIntegers(text: string): unknown {
  const mark = randomUUID();
  const marked = text.replaceAll(
    STRING_OR_LONG_INTEGER,
    (match, integer: string | undefined, offset: number) => {
      // The tail of a fraction such as 0.1234567890123456 is no integer.
      const isInteger = integer !== undefined && !/[\d.eE+]/.test(text[offset - 1] ?? '');
      return isInteger && !Number.isSafeInteger(Number(integer)) ? `"${mark}${integer}"` : match;
    },
  );
  return JSON.parse(marked, (_key, item: unknown) =>
    typeof item === 'string' && item.startsWith(mark) ? BigInt(item.slice(mark.length)) : item,
  );
}
