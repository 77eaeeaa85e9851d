import { describe, expect, it } from 'vitest';
import { checkEdit } from './check-edit.js';
import { formatMembers, parseMembers, type DqliteMember } from './member-records.js';

const c1: DqliteMember = {
  id: 3_297_041_220_608_546_238n,
  address: '10.0.0.1:9000',
  role: 'voter',
  name: 'c1',
};
const c2: DqliteMember = { id: 2n, address: '10.0.0.2:9000', role: 'stand-by', name: 'c2' };
const current = [c1, c2];

describe('an edited list of members', () => {
  it('may have other addresses and roles, in any order, and no changes at all', () => {
    expect(checkEdit(current, current)).toEqual(current);
    const edited = [
      { ...c2, role: 'voter', address: '[FD00:0::2]:1' },
      { ...c1, role: 'spare', address: '10.0.0.2:9000' },
    ];
    expect(checkEdit(current, edited)).toEqual([
      { ...c2, role: 'voter', address: '[fd00::2]:1' },
      { ...c1, role: 'spare', address: '10.0.0.2:9000' },
    ]);
  });

  it.each<[string, DqliteMember[]]>([
    ['members cannot be added or removed', [c1]],
    ['members cannot be added or removed', [c1, c1]],
    ['members cannot be added or removed', [c1, c2, { ...c2, id: 3n }]],
    ['ID or name changed for member c3', [c1, { ...c2, name: 'c3' }]],
    ['ID or name changed for member c2', [c1, { ...c2, id: 3n }]],
    ['ID or name changed for member c2', [c1, { ...c1, name: 'c2' }]],
    ['Invalid address "host:1": ', [c1, { ...c2, address: 'host:1' }]],
    ['Invalid address "": ', [c1, { ...c2, address: '' }]],
    ['Duplicate address "10.0.0.1:9000"', [c1, { ...c2, address: c1.address }]],
    ['invalid dqlite role "leader"', [c1, { ...c2, role: 'leader' }]],
    ['At least one voter is required', [{ ...c1, role: 'spare' }, c2]],
  ])('is refused with %j', (text, edited) => {
    expect(() => checkEdit(current, edited)).toThrow(text);
  });
});

describe('the text of a list', () => {
  it('has the keys of the specification, and identifiers in full', () => {
    expect(formatMembers(current)).toBe(
      '- id: 3297041220608546238\n  address: 10.0.0.1:9000\n  role: voter\n  name: c1\n' +
        '- id: 2\n  address: 10.0.0.2:9000\n  role: stand-by\n  name: c2\n',
    );
    expect(parseMembers(formatMembers(current), 'x')).toEqual(current);
  });

  it.each([
    ['a: [', 'The text is not YAML: '],
    ['', 'The text is no list of members: it must be a list of members'],
    ['- id: x\n  address: a\n  role: b\n  name: c', 'id must be a number (member 1, id)'],
    ['- id: 1\n  address: a\n  role: b\n  name: c\n  extra: 1', 'The text is no list of members'],
  ])('%j is refused', (text, reason) => {
    expect(() => parseMembers(text, 'The text')).toThrow(reason);
  });

  it('is refused in a sentence that quotes only the beginning of a long key', () => {
    const text = `- id: 1\n  address: a\n  role: b\n  name: c\n  ${'k'.repeat(1_000)}: 1\n`;
    expect(() => parseMembers(text, 'The text')).toThrow(
      /^The text is no list of members: Unrecognized key: "k{100,200}\.\.\. \(member 1\)$/,
    );
  });
});
