/** JSON in which integers beyond 2^53 survive as `bigint`, in both directions, written as Go writes it. */
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

/** How {@link stringifyJson} writes. */
export interface JsonTextOptions {
  /** Write `<`, `>` and `&` as `\u003c`, `\u003e` and `\u0026`, as Go does by default. Default `false`. */
  readonly escapeHtml?: boolean;
}

/**
 * Writes compact JSON as Go's encoder does (`spec/core-api.md` 5.2).
 *
 * `bigint` becomes an integer of any length; U+2028 and U+2029 are escaped and lone surrogates replaced, as
 * Go does. Otherwise as `JSON.stringify`, except that `undefined` at the top is `null`.
 *
 * @throws TypeError for a cycle or a number that JSON cannot carry
 */
export function stringifyJson(value: unknown, options: JsonTextOptions = {}): string {
  const text = write(value, '', []) ?? 'null';
  return options.escapeHtml === true ? text.replace(/[<>&]/g, escapeUnicode) : text;
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

function write(input: unknown, key: string, parents: object[]): string | undefined {
  const value = unwrap(input, key);
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      if (!Number.isFinite(value)) {
        throw new TypeError(`JSON has no way to write the number ${value} at "${key}"`);
      }
      return String(value);
    case 'bigint':
      return value.toString();
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : writeObject(value, key, parents);
    default:
      return undefined;
  }
}

/** Applies `toJSON`, which Date and many libraries' objects have. BigInt has none of its own. */
function unwrap(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !('toJSON' in value)) return value;
  return typeof value.toJSON === 'function' ? Reflect.apply(value.toJSON, value, [key]) : value;
}

function writeObject(value: object, key: string, parents: object[]): string {
  if (parents.includes(value)) {
    throw new TypeError(`A value that contains itself (at "${key}") cannot be written as JSON`);
  }
  parents.push(value);
  const text = Array.isArray(value)
    ? `[${value.map((item, index) => write(item, String(index), parents) ?? 'null').join(',')}]`
    : `{${Object.entries(value)
        .map(([name, item]) => writeEntry(name, item, parents))
        .filter((entry) => entry !== undefined)
        .join(',')}}`;
  parents.pop();
  return text;
}

function writeEntry(name: string, item: unknown, parents: object[]): string | undefined {
  const text = write(item, name, parents);
  return text === undefined ? undefined : `${quote(name)}:${text}`;
}

function quote(text: string): string {
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[\u2028\u2029]/g,
    escapeUnicode,
  );
}

function escapeUnicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
