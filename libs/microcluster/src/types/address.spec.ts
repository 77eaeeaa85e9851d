import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Address, canonicalAddress, sameAddress } from './address.js';
import { faultOf } from './fault-of.fixture.js';
import { isInvalidValueError } from './invalid-value-error.js';

describe('Address', () => {
  it.each([
    ['10.0.0.1:8443', '10.0.0.1:8443'],
    ['127.0.0.1:08443', '127.0.0.1:8443'],
    ['[::1]:1', '[::1]:1'],
    ['[FE80:0::1%eth0]:8443', '[fe80::1%eth0]:8443'],
    ['[2001:DB8:0:0:1:0:0:1]:80', '[2001:db8::1:0:0:1]:80'],
    ['[1:0:2:3:4:5:6:7]:80', '[1:0:2:3:4:5:6:7]:80'],
    ['[::ffff:10.0.0.1]:80', '[::ffff:10.0.0.1]:80'],
    ['[::ffff:a00:1]:80', '[::ffff:10.0.0.1]:80'],
    ['[0:0:0:0:0:0:0:0]:0', '[::]:0'],
    ['[1::]:80', '[1::]:80'],
  ])('reads %s as %s', (text, canonical) => {
    expect(Address.parse(text).toString()).toBe(canonical);
  });

  it.each([
    ['127.0.0.1:80', '127.0.0.1:80', true],
    ['127.0.0.1:80', '127.0.0.1:81', false],
    ['127.0.0.1:80', '127.0.0.2:80', false],
    ['0.0.0.0:80', '127.0.0.2:80', true],
    ['0.0.0.0:80', '[::1]:80', false],
    ['[::]:80', '[::1]:80', true],
    ['[::]:80', '127.0.0.1:80', true],
  ])('bound to %s takes connections to %s: %j', (bound, dialled, takes) => {
    expect(Address.parse(bound).covers(Address.parse(dialled))).toBe(takes);
  });

  it.each([
    '',
    'localhost:8443',
    '10.0.0.1',
    '10.0.0.1:',
    '10.0.0.1:65536',
    '10.0.0.1:-1',
    '10.0.0.01:80',
    '10.0.0.1%eth0:80',
    '[10.0.0.1]:80',
    '::1:80x',
    '[::1]',
    '[::1%]:80',
    '[::1%a/b]:80',
    '[::1]:80 ',
    'http://10.0.0.1:80',
    ':8443',
  ])('refuses %j', (text) => {
    expect(() => Address.parse(text)).toThrow(`Invalid address "${text}"`);
  });

  it('takes the default port only when told to', () => {
    expect(Address.parse('10.0.0.1', { defaultPort: 8443 }).toString()).toBe('10.0.0.1:8443');
    expect(Address.parse('::1', { defaultPort: 8443 }).toString()).toBe('[::1]:8443');
    expect(Address.parse('fe80::1%eth0', { defaultPort: 1 }).toString()).toBe('[fe80::1%eth0]:1');
    expect(Address.parse('[::1]', { defaultPort: 8443 }).toString()).toBe('[::1]:8443');
  });

  it('gives what sockets and headers want', () => {
    const address = Address.parse('[fe80::1%eth0]:8443');
    expect(address.host).toBe('fe80::1%eth0');
    expect(address.toHostHeader()).toBe('[fe80::1]:8443');
    expect(JSON.stringify({ address })).toBe('{"address":"[fe80::1%eth0]:8443"}');
  });

  it('knows that two spellings are one address', () => {
    expect(sameAddress('[fe80::1%eth0]:8443', '[FE80:0::1%eth0]:8443')).toBe(true);
    expect(sameAddress('[fe80::1%eth0]:8443', '[fe80::1%eth1]:8443')).toBe(false);
    expect(sameAddress('', '')).toBe(true);
    expect(canonicalAddress('')).toBe('');
  });

  it('is canonical: every spelling of an IPv6 address gives the same text', () => {
    const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(groups, fc.integer({ min: 0, max: 65_535 }), (parts, port) => {
        const long = parts.map((part) => part.toString(16).padStart(4, '0').toUpperCase());
        const canonical = Address.parse(`[${long.join(':')}]:${port}`).toString();
        expect(Address.parse(canonical).toString()).toBe(canonical);
        const short = parts.map((part) => part.toString(16)).join(':');
        expect(Address.parse(`[${short}]:${port}`).toString()).toBe(canonical);
        // The platform's own idea of the address, which writes mapped addresses in hexadecimal.
        expect(new URL(`http://${canonical}`).hostname).toBe(new URL(`http://[${short}]`).hostname);
      }),
    );
  });

  it('throws nothing but its own error', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[[\]0-9a-f:.%]{0,50}$/));
    fc.assert(
      fc.property(texts, (text) => {
        const fault = faultOf(() => {
          const address = Address.parse(text);
          expect(Address.parse(address.toString()).equals(address)).toBe(true);
        });
        expect(fault === undefined || isInvalidValueError(fault)).toBe(true);
      }),
    );
  });
});
