/** Addresses: a literal IP and a port with one canonical text, equal when the texts are (`spec/core-api.md` 6). */
import { isIPv4, isIPv6 } from 'node:net';
import { InvalidValueError } from './invalid-value-error.js';

/** The port that a listener takes when its address names none (`spec/core-api.md` 4.2). */
export const DEFAULT_PORT = 8443;

const BRACKETED = /^\[([^[\]]*)\](?::(\d{1,10}))?$/;
const PLAIN = /^([^:[\]]*)(?::(\d{1,10}))?$/;
const ZONE = /^[^\s/\\%[\]"'<>\p{Cc}]{1,64}$/u;

/**
 * An `ip:port` value. Two addresses mean the same endpoint exactly when their {@link Address.toString}
 * texts are equal: `[FE80:0::1%eth0]:8443` reads as `[fe80::1%eth0]:8443`.
 */
export class Address {
  private constructor(
    /** Canonical IP without brackets and zone. */
    readonly ip: string,
    /** 0 to 65535. */
    readonly port: number,
    /** IPv6 zone without `%`; the empty string when there is none. */
    readonly zone: string,
  ) {}

  /**
   * Parses `ip:port`; hostnames are rejected.
   *
   * @param options.defaultPort taken when the text has no port; without it, a missing port is an error.
   * @throws InvalidValueError when the text is no such address.
   */
  static parse(text: string, options: { readonly defaultPort?: number } = {}): Address {
    const invalid = (reason: string) =>
      new InvalidValueError(
        `Invalid address "${text}": ${reason}; write ip:port, such as 10.0.0.1:8443 or [::1]:8443.`,
      );
    const bracketed = BRACKETED.exec(text);
    const match = bracketed ?? PLAIN.exec(text) ?? bareIpv6(text);
    if (match === null) throw invalid('it is not an IP address and a port');
    const [, host = '', portText] = match;
    const port = portText === undefined ? options.defaultPort : Number(portText);
    if (port === undefined) throw invalid('the port is missing');
    if (port > 65_535) throw invalid('the port exceeds 65535');
    if (isIPv4(host)) {
      if (bracketed !== null) throw invalid('only IPv6 addresses go in brackets');
      return new Address(host, port, '');
    }
    const percent = host.indexOf('%');
    const ip = percent === -1 ? host : host.slice(0, percent);
    const zone = percent === -1 ? '' : host.slice(percent + 1);
    if (percent !== -1 && !ZONE.test(zone)) throw invalid('the IPv6 zone is malformed');
    if (!isIPv6(ip)) throw invalid('the host must be a literal IP address');
    return new Address(canonicalIpv6(ip), port, zone);
  }

  /** As {@link Address.parse}, but `undefined` when the text is no address. */
  static tryParse(
    text: string,
    options: { readonly defaultPort?: number } = {},
  ): Address | undefined {
    try {
      return Address.parse(text, options);
    } catch {
      return undefined;
    }
  }

  /** The IP with its zone, without brackets: what `net.connect` and `listen` take. */
  get host(): string {
    return this.zone === '' ? this.ip : `${this.ip}%${this.zone}`;
  }

  /** Whether the IP is an IPv6 address. */
  get isIpv6(): boolean {
    return this.ip.includes(':');
  }

  /** The canonical text. */
  toString(): string {
    return this.isIpv6 ? `[${this.host}]:${this.port}` : `${this.ip}:${this.port}`;
  }

  /** The text for a `Host` header: canonical, without the zone (`spec/core-api.md` 7.1). */
  toHostHeader(): string {
    return this.isIpv6 ? `[${this.ip}]:${this.port}` : this.toString();
  }

  /** Whether a socket that is bound to this address accepts the connections that are made to `other`. */
  covers(other: Address): boolean {
    if (this.port !== other.port) return false;
    const isWildcard = this.ip === '::' || (this.ip === '0.0.0.0' && !other.isIpv6);
    return isWildcard || this.ip === other.ip;
  }

  toJSON(): string {
    return this.toString();
  }

  equals(other: Address): boolean {
    return this.toString() === other.toString();
  }
}

/**
 * The canonical text of an address; the empty text, which stands for 'no address', stays as it is.
 *
 * @throws InvalidValueError when the text is neither.
 */
export function canonicalAddress(text: string): string {
  return text === '' ? '' : Address.parse(text).toString();
}

/** Whether two texts mean the same address; a text that is no address equals only itself. */
export function sameAddress(a: string, b: string): boolean {
  return (
    a === b || (Address.tryParse(a)?.toString() ?? a) === (Address.tryParse(b)?.toString() ?? b)
  );
}

/** An IPv6 address without brackets and port, in the shape of a match. */
function bareIpv6(text: string): readonly [string, string] | null {
  return isIPv6(text.split('%', 1)[0] ?? '') ? [text, text] : null;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of zero groups as `::`. */
function canonicalIpv6(ip: string): string {
  const groups = groupsOf(ip.toLowerCase());
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

/** The eight groups of a valid IPv6 address without zone. */
function groupsOf(ip: string): number[] {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ip);
  const pure =
    dotted === null
      ? ip
      : ip.slice(0, dotted.index) +
        `${((Number(dotted[1]) << 8) | Number(dotted[2])).toString(16)}:` +
        ((Number(dotted[3]) << 8) | Number(dotted[4])).toString(16);
  const [head = '', tail] = pure.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((g) => parseInt(g, 16)));
  const left = parse(head);
  if (tail === undefined) return left;
  const right = parse(tail);
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  });
  return best;
}
