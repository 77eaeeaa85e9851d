import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameFault, parseMemberName, parseServerName, parseTokenName } from './member-name.js';

const label63 = 'a'.repeat(63);

describe('names', () => {
  it.each([
    'member-1.example',
    'a',
    'A-1',
    '1a',
    label63,
    `${label63}.${label63}`,
    '99999999999999999999',
  ])('accepts %s', (name) => {
    expect(parseMemberName(name)).toBe(name);
  });

  it.each([
    ['', 'Name must be 1-255 characters long'],
    [`${label63}.`.repeat(4), 'Name must be 1-255 characters long'],
    ['a'.repeat(64), 'Name must be 1-63 characters long'],
    ['a.', 'Name must be 1-63 characters long'],
    ['.a', 'Name must be 1-63 characters long'],
    ['-a', 'Name must not start with "-" character'],
    ['a-', 'Name must not end with "-" character'],
    ['1', 'Name cannot be a number'],
    ['10.0.0.1', 'Name cannot be a number'],
    ['c_1', 'Name can only contain alphanumeric and hyphen characters'],
    ['../etc', 'Name must be 1-63 characters long'],
    ['a/b', 'Name can only contain alphanumeric and hyphen characters'],
    ['é', 'Name can only contain alphanumeric and hyphen characters'],
  ])('refuses %j: %s', (name, fault) => {
    expect(nameFault(name)).toBe(fault);
  });

  it('says whose name is wrong', () => {
    expect(() => parseMemberName('c_1')).toThrow(
      'Cluster member name "c_1" is not a valid FQDN: Name can only contain alphanumeric and hyphen characters',
    );
    expect(() => parseTokenName('1')).toThrow('Token name "1" is not a valid FQDN:');
    expect(() => parseServerName('1')).toThrow('Server name "1" is not a valid FQDN:');
  });

  it('never lets a name leave its directory', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const isPlain = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(name);
        expect(nameFault(name) === undefined && !isPlain).toBe(false);
      }),
    );
  });
});
