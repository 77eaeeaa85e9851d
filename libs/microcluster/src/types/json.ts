/** JSON in which integers beyond 2^53 survive as `bigint`, in both directions (Node 20 has no raw JSON yet). */
import { randomUUID } from 'node:crypto';
import { InvalidValueError } from './invalid-value-error.js';

/** The beginning of a string, or a number that starts with at least 16 digits; group 2 is what makes it no integer. */
const STRING_OR_LONG_NUMBER = /"|-?(\d{16,})([.eE])?/g;
/** Digits of the greatest number of 64 bits; longer ones are no value of ours and would take long to convert. */
const MAX_DIGITS = 20;

/**
 * Parses JSON. An integer of at most 20 digits that is not exactly representable as a `number` becomes a
 * `bigint`, everything else is as with `JSON.parse`.
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
  const parts: string[] = [];
  let copied = 0;
  for (const { start, end } of longIntegers(text)) {
    parts.push(text.slice(copied, start), `"${mark}${text.slice(start, end)}"`);
    copied = end;
  }
  parts.push(text.slice(copied));
  return JSON.parse(parts.join(''), (_key, item: unknown) =>
    typeof item === 'string' && item.startsWith(mark) ? BigInt(item.slice(mark.length)) : item,
  );
}

/** Where integers are that a `number` cannot hold. Walks over strings instead of matching them, which takes a stack. */
function* longIntegers(text: string): Generator<{ readonly start: number; readonly end: number }> {
  const pattern = new RegExp(STRING_OR_LONG_NUMBER);
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [found, digits = '', fraction] = match;
    const { index: start } = match;
    const end = start + found.length;
    if (found === '"') {
      pattern.lastIndex = endOfString(text, end);
      continue;
    }
    // The tail of a fraction or an exponent, such as 0.1234567890123456, is no integer.
    const isInteger = fraction === undefined && !/[\d.eE+]/.test(text[start - 1] ?? '');
    if (!isInteger || digits.length > MAX_DIGITS || Number.isSafeInteger(Number(found))) continue;
    yield { start, end };
  }
}

/** The offset after the string whose content starts at `from`. */
function endOfString(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (quote !== -1 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote === -1 ? text.length : quote + 1;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}
