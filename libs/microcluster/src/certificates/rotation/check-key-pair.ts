/** Checks a key pair from outside completely before anything is done with it (`spec/core-api.md` 21). */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { MicroclusterError } from '../../errors/index.js';
import type { WireKeyPair } from '../../types/index.js';
import type { KeyPair } from '../generate.js';
import { dnsNamesOf, expiryOf, isWithinValidity, keyPairFault } from '../inspect.js';

const PEM = /-----BEGIN [A-Z0-9 ]+-----\r?\n[\s\S]+?-----END [A-Z0-9 ]+-----/;

/** How strict the check of names is. */
export interface KeyPairDemands {
  /**
   * Members compare the first DNS name of the cluster certificate, so it must have one. A listener of the
   * user may as well be known by its IP address.
   */
  readonly names: 'dns' | 'any';
  readonly now: Date;
}

/**
 * Turns the body of a request into a pair that can be used.
 *
 * @param name of the certificate, for the text
 * @throws MicroclusterError `BAD_REQUEST`; no text quotes the key
 */
export function checkKeyPair(name: string, wire: WireKeyPair, demands: KeyPairDemands): KeyPair {
  if (!PEM.test(wire.cert)) refuse('Certificate must be base64 encoded PEM certificate');
  if (!PEM.test(wire.key)) refuse('Private key must be base64 encoded PEM key');
  if (wire.ca !== '' && !PEM.test(wire.ca)) refuse('CA must be base64 encoded PEM key');
  const pair: KeyPair = {
    certificate: wire.cert,
    privateKey: wire.key,
    ...(wire.ca === '' ? {} : { ca: wire.ca }),
  };
  const fault = keyPairFault(pair) ?? useFault(pair) ?? nameFault(pair, demands);
  if (fault !== undefined) refuse(`Failed to load TLS certificate "${name}": ${fault}`);
  if (!isWithinValidity(pair.certificate, demands.now)) {
    const { validFrom, validTo } = new X509Certificate(pair.certificate);
    refuse(
      `Failed to load TLS certificate "${name}": it is valid from ${validFrom} to ${validTo}, and the time here is ${demands.now.toISOString()}`,
    );
  }
  return pair;
}

/** The form in which a pair travels. */
export function wireOf({ certificate, privateKey, ca = '' }: KeyPair): WireKeyPair {
  return { cert: certificate, key: privateKey, ca };
}

/** Days until a certificate ends; negative when it has. */
export function daysLeft(certificate: string, now: Date): number {
  return Math.floor((expiryOf(certificate).getTime() - now.getTime()) / 86_400_000);
}

/** What a TLS listener would refuse, such as a key that is too short. */
function useFault({ certificate, privateKey, ca }: KeyPair): string | undefined {
  try {
    createSecureContext({
      cert: certificate,
      key: privateKey,
      minVersion: 'TLSv1.3',
      ...(ca === undefined ? {} : { ca }),
    });
    return undefined;
  } catch {
    return 'TLS cannot use the certificate, the key or the CA; check the kind and length of the key';
  }
}

function nameFault({ certificate }: KeyPair, { names }: KeyPairDemands): string | undefined {
  if (names === 'dns') {
    return dnsNamesOf(certificate).length > 0
      ? undefined
      : 'the certificate has no DNS name among its alternative names; add one, since members look for it';
  }
  return new X509Certificate(certificate).subjectAltName === undefined
    ? 'the certificate has no alternative name; add a DNS name or an IP address'
    : undefined;
}

function refuse(reason: string): never {
  throw new MicroclusterError('BAD_REQUEST', { reason });
}
