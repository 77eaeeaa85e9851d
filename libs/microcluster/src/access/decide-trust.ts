/** Whether the caller of a request is trusted, by where it came in, its certificate and its Host header. */
import { Address } from '../types/address.js';
import type { TrustedPeer } from './daemon-view.js';
import { PRE_INIT_LISTENER, UNIX_LISTENER } from './listener-names.js';

/** What a TLS peer showed. */
export interface PresentedCertificate {
  /** Lower-case hex SHA-256 of the DER. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Everything that trust depends on. */
export interface TrustInput {
  readonly listener: string;
  /** The Host header; `undefined` when the request has none. */
  readonly host: string | undefined;
  /** Addresses by which this daemon may be called on that listener. */
  readonly ownAddresses: readonly string[];
  readonly certificate: PresentedCertificate | undefined;
  readonly now: Date;
  readonly preInitTrustsEverybody: boolean;
  readonly trustedMember: (fingerprint: string) => TrustedPeer | undefined;
}

/** Trusted or not, and which member it is when it is one. */
export interface TrustDecision {
  readonly trusted: boolean;
  readonly peer?: TrustedPeer & { readonly fingerprint: string };
}

const STRANGER: TrustDecision = { trusted: false };

/**
 * Decides by `spec/core-api.md` 7.1. Before initialisation only the pre-init listener itself trusts
 * everybody; that the original looks at another listener (25, item 15) is not copied.
 */
export function decideTrust(input: TrustInput): TrustDecision {
  if (input.listener === UNIX_LISTENER) return { trusted: true };
  if (input.listener === PRE_INIT_LISTENER && input.preInitTrustsEverybody)
    return { trusted: true };
  if (!isOwnHost(input.host, input.ownAddresses)) return STRANGER;
  const { certificate, now } = input;
  if (certificate === undefined) return STRANGER;
  // Asked this way round, since a date that was not understood compares as false.
  const isValid = now >= certificate.notBefore && now <= certificate.notAfter;
  if (!isValid) return STRANGER;
  const member = input.trustedMember(certificate.fingerprint);
  if (member === undefined) return STRANGER;
  return {
    trusted: true,
    peer: { name: member.name, address: member.address, fingerprint: certificate.fingerprint },
  };
}

/** Whether `host` names one of `ownAddresses`, whatever the spelling of an IPv6 address; zones do not count. */
function isOwnHost(host: string | undefined, ownAddresses: readonly string[]): boolean {
  if (host === undefined || host === '') return false;
  const wanted = Address.tryParse(host)?.toHostHeader();
  return (
    wanted !== undefined &&
    ownAddresses.some((address) => Address.tryParse(address)?.toHostHeader() === wanted)
  );
}
