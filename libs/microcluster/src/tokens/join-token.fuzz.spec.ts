/** Join tokens as a person may have damaged them, or a stranger may have made them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mutated, mutatedText } from '../../../dqlite/src/fuzz/mutated.fixture.js';
import { faultOf } from '../types/fault-of.fixture.js';
import { isInvalidValueError } from '../types/invalid-value-error.js';
import { decodeJoinToken, encodeJoinToken } from './join-token.js';

const token = {
  secret: 'ab'.repeat(32),
  fingerprint: '01'.repeat(32),
  joinAddresses: ['10.0.0.1:8443', '[fe80::1%eth0]:8443'],
};
const text = encodeJoinToken(token);
const json = Buffer.from(text, 'base64').toString('utf8');
const WORDS = ['secret', 'join_addresses', 'null', '[]', '{}', '__proto__', '9'.repeat(400)];

const damaged = fc.oneof(
  mutatedText([text]),
  mutated([json], WORDS).map((bytes) => bytes.toString('base64')),
);

describe('a damaged join token', () => {
  it('is read as a whole token, or refused without a word of its secret', () => {
    fc.assert(
      fc.property(damaged, (sent) => {
        const fault = faultOf(() => {
          const read = decodeJoinToken(sent);
          expect(decodeJoinToken(encodeJoinToken(read))).toEqual(read);
        });
        if (fault === undefined) return;
        if (!isInvalidValueError(fault)) throw fault;
        expect(fault.message).toMatch(/^Invalid join token: /);
        expect(fault.message.length).toBeLessThan(4_000);
        expect(fault.message).not.toContain('abab');
      }),
    );
  });
});
