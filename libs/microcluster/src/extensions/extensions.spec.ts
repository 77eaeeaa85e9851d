import { describe, expect, it } from 'vitest';
import {
  buildExtensions,
  compareExtensions,
  decodeExtensionsCell,
  describeExtensionsMismatch,
  encodeExtensionsCell,
  extensionsEqual,
  INTERNAL_EXTENSIONS,
} from './index.js';

describe('the registry', () => {
  it('puts the internal extensions first and keeps the order of the others', () => {
    expect(buildExtensions(['zebra', 'ant_v2'])).toEqual([
      'internal:runtime_extension_v1',
      'internal:rename_core_endpoints',
      'zebra',
      'ant_v2',
    ]);
  });

  it.each([
    [['a', 'a'], 'Extension "a" already registered'],
    [[''], 'Extension cannot be empty'],
    [['A'], 'is not valid'],
    [['a_'], 'is not valid'],
    [['a__b'], 'is not valid'],
    [['a-b'], 'is not valid'],
    [['internal:mine'], 'is not valid'],
  ])('refuses %j', (names, message) => {
    expect(() => buildExtensions(names)).toThrow(message);
  });
});

describe('comparing', () => {
  it('is about number, names and order', () => {
    expect(extensionsEqual(['a', 'b'], ['a', 'b'])).toBe(true);
    expect(extensionsEqual(['a', 'b'], ['b', 'a'])).toBe(false);
    expect(compareExtensions(['a'], ['b'])).toBe('own-behind');
    expect(compareExtensions(['a'], undefined)).toBe('member-behind');
    expect(compareExtensions(['a'], ['a'])).toBe('equal');
  });

  it('tells a joiner how it differs', () => {
    expect(describeExtensionsMismatch(['a', 'b'], ['a', 'b'])).toBeUndefined();
    expect(describeExtensionsMismatch(['a', 'b'], ['a'])).toBe(
      'The source ([a b]) and target ([a]) registries have different number of extensions',
    );
    expect(describeExtensionsMismatch(['a'], ['b'])).toBe(
      'The source and target registries have different extensions',
    );
  });
});

describe('the column', () => {
  it.each<[readonly string[], string]>([
    [INTERNAL_EXTENSIONS, '["internal:runtime_extension_v1","internal:rename_core_endpoints"]'],
    [['a'], '"a"'],
  ])('holds a blob of JSON for %j', (extensions, json) => {
    const cell = encodeExtensionsCell(extensions);
    expect(cell).toEqual(Buffer.from(json));
    expect(decodeExtensionsCell(cell)).toEqual(extensions);
    expect(decodeExtensionsCell(json)).toEqual(extensions);
  });

  it('holds the text [] for an empty list', () => {
    expect(encodeExtensionsCell([])).toBe('[]');
    expect(decodeExtensionsCell('[]')).toEqual([]);
  });

  it('may hold null, a member without a list', () => {
    expect(decodeExtensionsCell('null')).toBeUndefined();
  });

  it.each(['', '[1]', '{}', '7', 7, null, Buffer.from('[')])('refuses %s', (cell) => {
    expect(() => decodeExtensionsCell(cell)).toThrow(TypeError);
  });
});
