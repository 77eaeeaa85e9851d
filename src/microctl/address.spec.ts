import { describe, expect, it } from 'vitest';
import { assertAddress } from './address.js';

describe('assertAddress', () => {
  it.each(['127.0.0.1:9001', '[::1]:9001', '[fe80::1%eth0]:8443', '10.0.0.1:65535'])(
    'accepts %s',
    (address) => {
      expect(() => assertAddress(address)).not.toThrow();
    },
  );

  it.each([
    '',
    '127.0.0.1',
    'localhost:9001',
    '::1:9001',
    '[::1]',
    '[10.0.0.1]:1',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.1:x',
    '300.0.0.1:1',
  ])('refuses %j and names it', (address) => {
    expect(() => assertAddress(address)).toThrow(`Received invalid address "${address}": `);
  });
});
