import { describe, expect, it } from 'vitest';
import { checkExtensions, checkVersions, type MemberRelease } from './check-versions.js';

const OWN = { internal: 6, external: 2 };

function member(name: string, differences: Partial<MemberRelease> = {}): MemberRelease {
  return {
    name,
    role: 'voter',
    schemaInternal: 6,
    schemaExternal: 2,
    extensions: ['a', 'b'],
    ...differences,
  };
}

describe('schema versions', () => {
  it.each<[string, MemberRelease[], object]>([
    ['alone', [member('me')], { kind: 'proceed' }],
    ['all equal', [member('me'), member('b')], { kind: 'proceed' }],
    [
      'others behind',
      [member('me'), member('b', { schemaExternal: 1 }), member('c', { schemaInternal: 5 })],
      { kind: 'wait', blockedBy: ['b', 'c'] },
    ],
    [
      'one ahead of us, others behind',
      [member('b', { schemaInternal: 7 }), member('c', { schemaInternal: 5 })],
      { kind: 'behind', newer: ['b'], message: `This node's version is behind, please upgrade` },
    ],
    [
      'one both ahead and behind',
      [member('b', { schemaInternal: 5, schemaExternal: 3 })],
      { kind: 'behind', newer: ['b'], message: `This node's version is behind, please upgrade` },
    ],
    [
      'pending rows, which never count',
      [
        member('me'),
        member('b', { role: 'PENDING', schemaInternal: 9 }),
        member('c', { role: 'PENDING', schemaExternal: 0 }),
      ],
      { kind: 'proceed' },
    ],
  ])('%s', (_what, members, expected) => {
    expect(checkVersions(OWN, members)).toEqual(expected);
  });
});

describe('API extensions', () => {
  it.each<[string, readonly string[] | undefined, string]>([
    ['equal', ['a', 'b'], 'proceed'],
    ['none stored', undefined, 'wait'],
    ['shorter', ['a'], 'wait'],
    ['shorter and different', ['z'], 'wait'],
    ['longer', ['a', 'b', 'c'], 'behind'],
    ['as long but different', ['a', 'c'], 'behind'],
    ['as long but in another order', ['b', 'a'], 'behind'],
  ])('%s', (_what, extensions, kind) => {
    expect(checkExtensions(['a', 'b'], [member('me'), member('b', { extensions })]).kind).toBe(
      kind,
    );
  });
});
