import { describe, expect, it } from 'vitest';
import { requireTokenName } from './admit.js';

const bound = { name: 'c2', anyName: false };
const free = { name: 'label', anyName: true };

describe('the name of a joiner', () => {
  it('is that of its token and of its certificate', () => {
    expect(() => requireTokenName(bound, 'c2', ['c2'])).not.toThrow();
  });

  it('is refused with both names, whatever its certificate says', () => {
    for (const names of [['c3'], ['c2', 'c3']]) {
      expect(() => requireTokenName(bound, 'c3', names)).toThrow(
        expect.objectContaining({
          status: 400,
          message: expect.stringContaining(
            'The join token was issued for "c2" but the member asks to join as "c3"',
          ),
        }),
      );
    }
  });

  it('is refused where the certificate is for another one', () => {
    expect(() => requireTokenName(bound, 'c2', ['host'])).toThrow(
      'Joining server certificate SAN does not contain join token name',
    );
  });

  it('is its own choice with a token for any name, as long as its certificate bears it', () => {
    expect(() => requireTokenName(free, 'c7', ['c7'])).not.toThrow();
    expect(() => requireTokenName(free, 'c7', ['label'])).toThrow(
      'The certificate of the joining member does not name "c7"',
    );
  });
});
