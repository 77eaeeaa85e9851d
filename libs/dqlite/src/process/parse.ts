/** Parses messages that cross a process boundary into types, piece by piece. */

type Fields = Readonly<Record<string, unknown>>;

function unexpected(what: string): never {
  throw new TypeError(`${what} is missing or of the wrong type`);
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null) return unexpected(what);
  return Object.fromEntries(Object.entries(value));
}

export function textMapIn(fields: Fields, name: string): Record<string, string> {
  const map = fieldsOf(fields[name], name);
  return Object.fromEntries(Object.keys(map).map((key) => [key, textIn(map, key)]));
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : unexpected(name);
}

export function numberIn(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : unexpected(name);
}

export function bigintIn(fields: Fields, name: string): bigint {
  const value = fields[name];
  return typeof value === 'bigint' ? value : unexpected(name);
}

export function bytesIn(fields: Fields, name: string): Buffer {
  const value = fields[name];
  if (!(value instanceof Uint8Array)) return unexpected(name);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export function textsIn(fields: Fields, name: string): string[] {
  return listIn(fields, name, (item) => (typeof item === 'string' ? item : unexpected(name)));
}

export function listIn<T>(fields: Fields, name: string, parse: (item: unknown) => T): T[] {
  const value = fields[name];
  return Array.isArray(value) ? value.map((item) => parse(item)) : unexpected(name);
}
