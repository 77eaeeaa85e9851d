/** Checks an address before it is sent, so that a typing mistake is answered at once. */
import { isIPv4, isIPv6 } from 'node:net';

/**
 * Accepts `ip:port`, with IPv6 in brackets (`[fe80::1%eth0]:9000`).
 *
 * @throws Error that says what is wrong with it
 */
export function assertAddress(text: string): void {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (!match) throw invalid(text, 'it must be an IP address and a port, like 10.0.0.1:9000');
  const [, six, four, port] = match;
  if (four !== undefined && !isIPv4(four)) {
    throw invalid(text, `"${four}" is not an IP address; names are not accepted`);
  }
  if (six !== undefined && !isIPv6(six)) throw invalid(text, `"${six}" is not an IPv6 address`);
  const number = Number(port);
  if (number < 1 || number > 65_535) throw invalid(text, 'the port must be between 1 and 65535');
}

function invalid(text: string, reason: string): Error {
  return new Error(`Received invalid address "${text}": ${reason}`);
}
