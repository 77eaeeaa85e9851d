import { expect, it } from 'vitest';
import { generateKeyPair } from './generate.js';
import { certificateDer } from './inspect.js';
import { receivedAuthority } from './received-authority.js';

it('reads an authority from PEM and from DER, and makes nothing of what Go has destroyed', async () => {
  const { certificate } = await generateKeyPair({ commonName: 'authority' });
  const der = certificateDer(certificate);
  expect(receivedAuthority(certificate)).toBe(certificate);
  expect(receivedAuthority(der.toString('latin1'))).toBe(certificate);
  expect(receivedAuthority(der.toString('utf8'))).toBeUndefined();
  expect(receivedAuthority('')).toBeUndefined();
  expect(receivedAuthority('0\u0003abc')).toBeUndefined();
});
