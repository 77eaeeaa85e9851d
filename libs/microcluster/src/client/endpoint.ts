/** Where a client connects to, and what it believes of the other side (`spec/core-api.md` 4.4). */
import net from 'node:net';
import tls from 'node:tls';
import { certificateDer, dnsNamesOf } from '../certificates/inspect.js';
import { Address } from '../types/address.js';
import { describeConnectFailure } from './connect-failure.js';
import { MicroclusterClientError } from './client-error.js';

/** The local daemon, through its control socket. */
export interface SocketTarget {
  readonly socketPath: string;
}

/** A member of the cluster, through its Core API port. */
export interface MemberTarget {
  /** `ip:port`. */
  readonly address: string;
  /** The key pair that is presented, PEM; without one, the caller is a stranger to the member. */
  readonly identity?: { readonly certificate: string; readonly privateKey: string };
  /** The certificate, PEM, that the member must show; several during a rotation. */
  readonly trusted: string | readonly string[];
  /** `ip:port` that is dialled instead of the address. */
  readonly via?: string;
}

export type ClientTarget = SocketTarget | MemberTarget;

/** The kernel probes an idle connection to a member this often, milliseconds. */
const TCP_KEEPALIVE_MS = 3_000;

/** Opens connections to one place. */
export interface Endpoint {
  /** As error texts name it. */
  readonly label: string;
  /** Value of the `Host` header. */
  readonly host: string;
  /** URL up to the path, for error texts. */
  readonly origin: string;
  /** @throws MicroclusterClientError `UNREACHABLE` or `UNTRUSTED`; whatever `signal` was aborted with */
  connect(signal: AbortSignal): Promise<net.Socket>;
}

/** The endpoint of a target. @throws InvalidValueError when address or certificates do not parse */
export function endpointOf(target: ClientTarget): Endpoint {
  return 'socketPath' in target ? socketEndpoint(target) : memberEndpoint(target);
}

/** TLS 1.3, or 1.2 where `LXD_INSECURE_TLS` allows it (`spec/core-api.md` 2). */
export function minimumTlsVersion(): 'TLSv1.2' | 'TLSv1.3' {
  const allowed = ['1', 'true', 'yes', 'on'];
  const isInsecure = allowed.includes((process.env['LXD_INSECURE_TLS'] ?? '').toLowerCase());
  return isInsecure ? 'TLSv1.2' : 'TLSv1.3';
}

function socketEndpoint({ socketPath }: SocketTarget): Endpoint {
  const label = `the control socket ${socketPath}`;
  return {
    label,
    host: 'unix.socket',
    origin: 'http://unix.socket',
    async connect(signal) {
      const socket = net.connect({ path: socketPath });
      await established(socket, 'connect', signal, (cause) =>
        describeConnectFailure(label, cause, { isSocket: true }),
      );
      return socket;
    },
  };
}

function memberEndpoint({ address, identity, trusted, via }: MemberTarget): Endpoint {
  const parsed = Address.parse(address);
  const dialled = Address.parse(via ?? address);
  const label = parsed.toString();
  const certificates = typeof trusted === 'string' ? [trusted] : trusted;
  const pins = certificates.map((pem) => certificateDer(pem));
  const [serverName] = certificates.flatMap((pem) => dnsNamesOf(pem));
  const options: tls.ConnectionOptions = {
    host: dialled.host,
    port: dialled.port,
    ca: [...certificates],
    // A certificate that an operator's CA has signed is trusted as it is, without its issuer.
    allowPartialTrustChain: true,
    ...(serverName !== undefined && { servername: serverName }),
    ...(identity !== undefined && { cert: identity.certificate, key: identity.privateKey }),
    minVersion: minimumTlsVersion(),
    // The pin below is stricter than a comparison of names.
    checkServerIdentity: () => undefined,
  };
  return {
    label,
    host: parsed.toHostHeader(),
    origin: `https://${label}`,
    async connect(signal) {
      const socket = tls.connect(options);
      socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
      socket.setNoDelay(true);
      await established(socket, 'secureConnect', signal, (cause) =>
        describeConnectFailure(label, cause),
      );
      const shown = socket.getPeerX509Certificate()?.raw;
      if (shown === undefined || !pins.some((pin) => pin.equals(shown))) {
        socket.destroy();
        throw MicroclusterClientError.local(
          'UNTRUSTED',
          `The server at ${label} shows another certificate than the cluster's; check that the address belongs to a member of this cluster`,
        );
      }
      return socket;
    },
  };
}

/** Waits until `socket` is usable; on failure or abort it is destroyed. */
export async function established(
  socket: net.Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  describe: (cause: unknown) => MicroclusterClientError,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (outcome: () => void) => {
      socket.off(event, onReady).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      outcome();
    };
    const fail = (reason: unknown) =>
      settle(() => {
        // An error that is still under way must not become an uncaught one.
        socket.on('error', () => undefined);
        socket.destroy();
        reject(reason instanceof Error ? reason : new Error(String(reason)));
      });
    const onReady = () => settle(resolve);
    const onError = (cause: Error) => fail(describe(cause));
    const onClose = () => fail(describe(new Error('the connection was closed')));
    const onAbort = () => fail(signal.reason);
    socket.once(event, onReady).once('error', onError).once('close', onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
