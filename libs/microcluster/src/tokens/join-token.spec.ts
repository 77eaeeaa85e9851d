import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultOf } from '../types/fault-of.fixture.js';
import { isInvalidValueError } from '../types/invalid-value-error.js';
import { decodeJoinToken, encodeJoinToken, generateTokenSecret } from './join-token.js';

const token = {
  secret: 'ab'.repeat(32),
  fingerprint: '01'.repeat(32),
  joinAddresses: ['10.0.0.1:8443', '[fe80::1%eth0]:8443'],
};

const textOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

describe('join tokens', () => {
  it('are base64 of compact JSON in a fixed order', () => {
    expect(Buffer.from(encodeJoinToken(token), 'base64').toString()).toBe(
      `{"secret":"${token.secret}","fingerprint":"${token.fingerprint}","join_addresses":["10.0.0.1:8443","[fe80::1%eth0]:8443"]}`,
    );
  });

  it('are read back, with white space around them and addresses made canonical', () => {
    expect(decodeJoinToken(encodeJoinToken(token))).toEqual(token);
    const text = textOf({
      Secret: token.secret.toUpperCase(),
      fingerprint: token.fingerprint,
      join_addresses: ['10.0.0.1:8443', '[FE80:0::1%eth0]:8443'],
    });
    expect(decodeJoinToken(` ${text}\n`)).toEqual(token);
  });

  it('have fresh secrets of 32 bytes', () => {
    expect(generateTokenSecret()).toMatch(/^[0-9a-f]{64}$/);
    expect(generateTokenSecret()).not.toBe(generateTokenSecret());
  });

  it.each([
    ['', /it is not base64/],
    ['not a token!', /it is not base64/],
    [encodeJoinToken(token).slice(0, -5), /it (is not base64|does not contain JSON)/],
    [Buffer.from('{').toString('base64'), /it does not contain JSON/],
    [textOf([]), /Invalid join token: it must be an object/],
    [textOf({ ...token, secret: 'short' }), /secret must be 64 hexadecimal digits/],
    [textOf({ secret: token.secret, fingerprint: token.fingerprint }), /must be a list/],
    [textOf({ ...token, join_addresses: [] }), /at least one member/],
    [textOf({ ...token, join_addresses: ['host:1'] }), /Invalid address "host:1"/],
    [textOf({ ...token, join_addresses: [''] }), /join_addresses.0/],
  ])('refuse %#', (text, message) => {
    expect(() => decodeJoinToken(text)).toThrow(message);
  });

  it('never quote the secret in an error', () => {
    const text = textOf({ ...token, secret: `${'ab'.repeat(31)}zz`, join_addresses: [] });
    expect(() => decodeJoinToken(text)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('abab') }),
    );
  });

  it('throw nothing but an error for the sender, whatever the text', () => {
    const garbage = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.jsonValue().map(textOf),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
    );
    fc.assert(
      fc.property(garbage, (text) => {
        const fault = faultOf(() => decodeJoinToken(text));
        expect(fault === undefined || isInvalidValueError(fault)).toBe(true);
      }),
    );
  });
});
