/** The certificate of an authority as the reply to a joiner carries it (`spec/core-api.md` 14.3). */
import { pemOfCertificate } from './inspect.js';

/**
 * Reads it from PEM or from DER bytes. Leaders in Go send the bytes as a JSON text, whose encoder replaces
 * those that are no UTF-8: such a certificate is lost on the way, and a member is better off without it.
 *
 * @returns PEM; `undefined` where nothing of use was received
 */
export function receivedAuthority(text: string): string | undefined {
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  // One character for each byte, or the bytes were encoded in some other way.
  const isBytes = [...text].every((character) => (character.codePointAt(0) ?? 0) < 256);
  try {
    return isBytes && text !== '' ? pemOfCertificate(Buffer.from(text, 'latin1')) : undefined;
  } catch {
    return undefined;
  }
}
