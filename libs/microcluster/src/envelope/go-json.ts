/** JSON text as Go's encoder writes it, with integers of any size. */

/** How {@link goJson} writes. */
export interface GoJsonOptions {
  /** Write `<`, `>` and `&` as `\u003c`, `\u003e` and `\u0026`, as Go does by default. Default `false`. */
  readonly escapeHtml?: boolean;
}

/**
 * Writes `value` as compact JSON (`spec/core-api.md` 5.2).
 *
 * `bigint` becomes an integer of any length; U+2028 and U+2029 are escaped and lone surrogates replaced, as
 * Go does. Otherwise as `JSON.stringify`, except that `undefined` at the top is `null`.
 *
 * @throws TypeError for a cycle or a number that JSON cannot carry
 */
export function goJson(value: unknown, options: GoJsonOptions = {}): string {
  const text = write(value, '', []) ?? 'null';
  return options.escapeHtml === true ? text.replace(/[<>&]/g, escapeUnicode) : text;
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
