import { describe, expect, it } from 'vitest';
import { zeroTime } from '../types/index.js';
import {
  checkExtensions,
  checkRelease,
  checkVersions,
  isHalfJoined,
  type MemberRelease,
} from './check-versions.js';

const OWN = { internal: 6, external: 2 };
const HALF_JOINED = { role: 'PENDING', heartbeat: zeroTime() };

function member(name: string, differences: Partial<MemberRelease> = {}): MemberRelease {
  return {
    id: 2,
    name,
    role: 'voter',
    heartbeat: new Date(),
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
      'half-joined rows, which never count',
      [
        member('me'),
        member('b', { ...HALF_JOINED, schemaInternal: 9 }),
        member('c', { ...HALF_JOINED, schemaExternal: 0 }),
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

describe('a half-joined member', () => {
  it.each<[string, Partial<MemberRelease>, boolean]>([
    ['is pending and was never heard of', HALF_JOINED, true],
    ['is none any more once it wrote a heartbeat', { role: 'PENDING' }, false],
    ['is none with a role', { heartbeat: zeroTime() }, false],
    ['is not the founder, who waits for its first round', { ...HALF_JOINED, id: 1 }, false],
  ])('%s', (_what, differences, expected) => {
    expect(isHalfJoined(member('b', differences))).toBe(expected);
  });
});

describe('a release', () => {
  const own = { versions: OWN, extensions: ['a', 'b'] };

  it('waits for schema versions first, whatever the extensions of those that are behind', () => {
    const old = member('b', { schemaExternal: 1, extensions: ['a', 'b', 'dropped'] });
    expect(checkRelease('schema', own, [old])).toEqual({ kind: 'wait', blockedBy: ['b'] });
  });

  it('is refused before the updates when it would be refused for its extensions after them', () => {
    const newer = member('b', { extensions: ['a', 'b', 'c'] });
    expect(checkRelease('schema', own, [newer]).kind).toBe('behind');
    expect(checkRelease('extensions', own, [newer]).kind).toBe('behind');
  });

  it('does not wait for extensions before the updates, one of which may store them', () => {
    const older = member('b', { extensions: undefined });
    expect(checkRelease('schema', own, [older]).kind).toBe('proceed');
    expect(checkRelease('extensions', own, [older])).toEqual({ kind: 'wait', blockedBy: ['b'] });
  });
});
