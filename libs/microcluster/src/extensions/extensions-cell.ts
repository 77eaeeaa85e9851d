/** The column `api_extensions`: JSON with Go's quirk that a list of one is a bare string (`spec/core-api.md` 6, 20.3). */

/**
 * The value to bind: the text `[]` for an empty list, else the bytes of the JSON.
 */
export function encodeExtensionsCell(extensions: readonly string[]): string | Buffer {
  if (extensions.length === 0) return '[]';
  const [only] = extensions;
  return Buffer.from(JSON.stringify(extensions.length === 1 ? only : extensions), 'utf8');
}

/**
 * Reads the column, stored as text or as a blob.
 *
 * @returns the list, or `undefined` for JSON `null`, a member that stored none.
 * @throws TypeError when the cell is no list of strings.
 */
export function decodeExtensionsCell(cell: unknown): readonly string[] | undefined {
  const text = cell instanceof Uint8Array ? Buffer.from(cell).toString('utf8') : cell;
  if (typeof text !== 'string') throw malformed();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed(cause);
  }
  if (value === null) return undefined;
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((name): name is string => typeof name === 'string'))
    return value;
  throw malformed();
}

function malformed(cause?: unknown): TypeError {
  return new TypeError(
    'The column api_extensions holds no list of extension names; repair the member’s row',
    {
      cause,
    },
  );
}
