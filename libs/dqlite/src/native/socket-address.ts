/** Socket addresses as the kernel wants them, and the split of `host:port`. */
import { isIPv4 } from 'node:net';
import { LINUX } from './libc.js';

/** `host:port` taken apart; brackets of an IPv6 literal are dropped. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Parses `host:port` or `[v6]:port`; undefined when it is neither. */
export function parseHostAndPort(address: string): HostAndPort | undefined {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/.exec(address);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  const port = Number(match?.groups?.['port']);
  if (host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  return { host, port };
}

/** `sockaddr_in` of an IPv4 literal. */
export function ipv4SocketAddress({ host, port }: HostAndPort): Buffer | undefined {
  if (!isIPv4(host)) return undefined;
  const address = Buffer.alloc(16);
  address.writeUInt16LE(LINUX.AF_INET, 0);
  address.writeUInt16BE(port, 2);
  for (const [index, part] of host.split('.').entries()) address[4 + index] = Number(part);
  return address;
}

/** `sockaddr_un` of an abstract name, of exactly the length that the name has (`spec/dqlite.md` B.4). */
export function abstractSocketAddress(name: string): Buffer {
  const bytes = Buffer.from(name, 'utf8');
  const address = Buffer.alloc(3 + bytes.length);
  address.writeUInt16LE(LINUX.AF_UNIX, 0);
  bytes.copy(address, 3);
  return address;
}

/** Longest path of a unix socket, bytes, without the final zero. */
const LONGEST_PATH = 107;

/** `sockaddr_un` of a path; undefined when it is too long for one. */
export function pathSocketAddress(path: string): Buffer | undefined {
  const bytes = Buffer.from(path, 'utf8');
  if (bytes.length > LONGEST_PATH) return undefined;
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(LINUX.AF_UNIX, 0);
  bytes.copy(address, 2);
  return address;
}

/** What a socket is bound to: `ip:port` with IPv6 in brackets, a path, or `@name`; undefined for anything else. */
export function textOfSocketAddress(address: Buffer, length: number): string | undefined {
  switch (address.readUInt16LE(0)) {
    case LINUX.AF_UNIX: {
      const name = address.subarray(2, length);
      if (name[0] === 0) return name.length > 1 ? `@${name.toString('utf8', 1)}` : undefined;
      const end = name.indexOf(0);
      return name.toString('utf8', 0, end === -1 ? name.length : end) || undefined;
    }
    case LINUX.AF_INET:
      return `${[...address.subarray(4, 8)].join('.')}:${address.readUInt16BE(2)}`;
    case LINUX.AF_INET6: {
      const groups = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(8 + 2 * at));
      const ip = groups.map((group) => group.toString(16)).join(':');
      return `[${ip}]:${address.readUInt16BE(2)}`;
    }
    default:
      return undefined;
  }
}
