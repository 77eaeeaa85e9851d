/** Turns a failed connection into one sentence: what could not be reached, why, and what to do. */
import { MicroclusterClientError } from './client-error.js';

interface Advice {
  readonly why: string;
  readonly todo: string;
}

const MEMBER_ADVICE: Readonly<Record<string, Advice>> = {
  ECONNREFUSED: {
    why: 'nothing listens there',
    todo: 'check the address, and that the daemon runs there',
  },
  ECONNRESET: {
    why: 'it closed the connection',
    todo: 'check that a daemon of this cluster runs there, and look into its log',
  },
  ETIMEDOUT: { why: 'it does not answer', todo: 'check the network and its firewalls' },
  EHOSTUNREACH: { why: 'there is no route to it', todo: 'check the network' },
  ENETUNREACH: { why: 'there is no route to its network', todo: 'check the network' },
  EINVAL: { why: 'the address cannot be dialled', todo: 'name an IPv6 zone, such as %eth0' },
};

const SOCKET_ADVICE: Readonly<Record<string, Advice>> = {
  ENOENT: {
    why: 'it does not exist',
    todo: 'start the daemon, or check the path of the state directory',
  },
  ENOTDIR: { why: 'it does not exist', todo: 'check the path of the state directory' },
  ECONNREFUSED: { why: 'no daemon listens on it', todo: 'start the daemon' },
  ECONNRESET: { why: 'the daemon closed the connection', todo: "look into the daemon's log" },
  EACCES: {
    why: 'permission is denied',
    todo: "use the daemon's account, or one of the group of the socket",
  },
};

const CERTIFICATE_ADVICE: Readonly<Record<string, Advice>> = {
  CERT_HAS_EXPIRED: { why: 'its certificate has expired', todo: 'replace the cluster certificate' },
  CERT_NOT_YET_VALID: {
    why: 'its certificate is not valid yet',
    todo: 'check the clocks of both machines',
  },
};

const OTHER_CERTIFICATE: Advice = {
  why: "it shows another certificate than the cluster's",
  todo: 'check that the address belongs to a member of this cluster',
};

/** Codes by which OpenSSL says that a certificate is not the expected one. */
const NOT_THE_EXPECTED = /^(DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO_|CERT_|ERR_TLS_CERT_)/;

/** @param label names the place, as in `the control socket /x` or `10.0.0.1:8443` */
export function describeConnectFailure(
  label: string,
  cause: unknown,
  options: { readonly isSocket?: boolean } = {},
): MicroclusterClientError {
  const code = codeOf(cause);
  const expired = CERTIFICATE_ADVICE[code];
  if (expired !== undefined || NOT_THE_EXPECTED.test(code)) {
    return build('UNTRUSTED', label, expired ?? OTHER_CERTIFICATE, cause);
  }
  const advice = (options.isSocket === true ? SOCKET_ADVICE : MEMBER_ADVICE)[code] ?? {
    why: cause instanceof Error ? cause.message.split('\n', 1).join('') : String(cause),
    todo: 'check that a daemon runs there',
  };
  return build('UNREACHABLE', label, advice, cause);
}

function build(
  code: 'UNREACHABLE' | 'UNTRUSTED',
  label: string,
  { why, todo }: Advice,
  cause: unknown,
): MicroclusterClientError {
  return MicroclusterClientError.local(code, `Cannot connect to ${label}: ${why}; ${todo}`, cause);
}

function codeOf(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return '';
  return typeof cause.code === 'string' ? cause.code : '';
}
