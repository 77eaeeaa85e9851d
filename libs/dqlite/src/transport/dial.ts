/** Opens streams that speak dqlite to the node at an address: over TCP, TLS, or a member's Core API port. */
import { X509Certificate } from 'node:crypto';
import { connect as connectNet, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  connect as connectTlsSocket,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { DqliteError } from '../errors/index.js';
import { parseHostAndPort } from '../native/socket-address.js';
import type { TlsIdentity } from '../node-host.js';
import { firstDnsName, fingerprintOf, isWithinDates, type Fingerprint } from './certificates.js';
import { DQLITE_ALPN, parseUpgradeAnswer, upgradeRequest } from './upgrade.js';

export interface TlsDialOptions {
  /** `host:port`. */
  readonly address: string;
  /** What we present. */
  readonly identity: TlsIdentity;
  /** PEM of the only certificate that the peer may present; several during a rotation. */
  readonly trusted: string | readonly string[];
  readonly signal: AbortSignal;
}

const KEEP_ALIVE_MS = 3_000;
const contexts = new WeakMap<TlsIdentity, SecureContext>();

/** Dials plain TCP with no-delay and keep-alive. @throws DqliteError `CONNECTION_LOST`, `ABORTED` */
export async function dialTcp(address: string, signal: AbortSignal): Promise<Duplex> {
  const socket = openTcp(address, signal);
  await established(socket, 'connect', address, signal);
  return socket;
}

/**
 * Dials dqlite over TLS, for use without a Core API (`spec/dqlite.md` C.8): the peer's certificate
 * must be the trusted one or be signed by it.
 *
 * @throws DqliteError `CONNECTION_LOST`, `ABORTED`
 */
export async function dialTls({
  address,
  identity,
  trusted,
  signal,
}: TlsDialOptions): Promise<TLSSocket> {
  const ca = typeof trusted === 'string' ? [trusted] : trusted;
  const name = firstDnsName(certificateFrom(ca[0], address));
  const socket = connectTlsSocket({
    socket: openTcp(address, signal),
    cert: identity.certificate,
    key: identity.privateKey,
    ca: [...ca],
    minVersion: 'TLSv1.2',
    ...(name === undefined ? { host: parseHostAndPort(address)?.host } : { servername: name }),
  });
  await established(socket, 'secureConnect', address, signal);
  return socket;
}

/**
 * Dials the dqlite engine of a member through its Core API port (`spec/core-api.md` 11.1): TLS 1.3,
 * the peer pinned to the cluster certificate. A member of ours takes the ALPN name and speaks dqlite
 * at once; any other is asked to upgrade.
 *
 * @throws DqliteError `CONNECTION_LOST` with the reason, `ABORTED`
 */
export async function dialTunnel(options: TlsDialOptions): Promise<TLSSocket> {
  return (await dialPinned(options)).stream;
}

/** {@link dialTunnel}, and the fingerprint of the certificate that the peer presented. */
export async function dialPinned(
  options: TlsDialOptions,
): Promise<{ readonly stream: TLSSocket; readonly fingerprint: Fingerprint }> {
  const { address, identity, signal } = options;
  const trusted = typeof options.trusted === 'string' ? [options.trusted] : options.trusted;
  const pins = trusted.map((pem) => certificateFrom(pem, address));
  const name = pins[0] === undefined ? undefined : firstDnsName(pins[0]);
  const socket = connectTlsSocket({
    socket: openTcp(address, signal),
    secureContext: contextOf(identity),
    // The pin below replaces chain and host name: nothing is sent before it was checked.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [DQLITE_ALPN, 'http/1.1'],
    ...(name === undefined ? {} : { servername: name }),
  });
  await established(socket, 'secureConnect', address, signal);
  try {
    const fingerprint = checkPin(socket, pins);
    if (socket.alpnProtocol !== DQLITE_ALPN) await upgrade(socket, address, signal);
    return { stream: socket, fingerprint };
  } catch (error) {
    socket.destroy();
    throw lost(address, error);
  }
}

/** The secure context of a key pair, made once for each object. */
export function contextOf(identity: TlsIdentity): SecureContext {
  let context = contexts.get(identity);
  if (context === undefined) {
    context = createSecureContext({
      cert: identity.certificate,
      key: identity.privateKey,
      minVersion: 'TLSv1.3',
    });
    contexts.set(identity, context);
  }
  return context;
}

function openTcp(address: string, signal: AbortSignal): Socket {
  const target = parseHostAndPort(address);
  if (target === undefined) throw lost(address, new Error('it is not host:port'));
  if (signal.aborted) throw aborted(address, signal);
  return connectNet({
    ...target,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    allowHalfOpen: true,
  });
}

function established(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  address: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      signal.removeEventListener('abort', onAbort);
      socket.off(event, onReady).off('error', onError).off('close', onClose);
    };
    const fail = (error: Error) => {
      settle();
      // What follows the first failure is of no interest, and must not be an unhandled 'error'.
      socket.on('error', () => undefined).destroy();
      reject(error);
    };
    const onReady = () => {
      settle();
      resolve();
    };
    const onError = (error: Error) => fail(lost(address, error));
    const onClose = () => fail(lost(address, new Error('the peer closed it')));
    const onAbort = () => fail(aborted(address, signal));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once(event, onReady).once('error', onError).once('close', onClose);
  });
}

function checkPin(socket: TLSSocket, pins: readonly X509Certificate[]): Fingerprint {
  const peer = socket.getPeerX509Certificate();
  if (peer === undefined) throw new Error('the peer presented no certificate');
  const fingerprint = fingerprintOf(peer);
  if (!pins.some((pin) => fingerprintOf(pin) === fingerprint)) {
    throw new Error(`the peer presented certificate ${fingerprint}, which is not the cluster's`);
  }
  if (!isWithinDates(peer)) throw new Error('the cluster certificate is not valid today');
  return fingerprint;
}

async function upgrade(socket: TLSSocket, address: string, signal: AbortSignal): Promise<void> {
  socket.write(upgradeRequest(address));
  let received = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    const settle = () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('readable', onReadable).off('error', fail).off('close', onClose);
    };
    const fail = (error: unknown) => {
      settle();
      socket.on('error', () => undefined);
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    // Read by hand: a stream that was made to flow and paused would not flow for its next user.
    const onReadable = () => {
      for (let chunk: unknown = socket.read(); chunk !== null; chunk = socket.read()) {
        if (Buffer.isBuffer(chunk)) received = Buffer.concat([received, chunk]);
      }
      try {
        const length = parseUpgradeAnswer(received);
        if (length === undefined) return;
        settle();
        if (received.length > length) socket.unshift(received.subarray(length));
        resolve();
      } catch (error) {
        fail(error);
      }
    };
    const onClose = () => fail(new Error('the peer closed it before answering the upgrade'));
    const onAbort = () => fail(aborted(address, signal));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('readable', onReadable).on('error', fail).on('close', onClose);
    if (signal.aborted) onAbort();
  });
}

function certificateFrom(pem: string | undefined, address: string): X509Certificate {
  try {
    return new X509Certificate(pem ?? '');
  } catch (cause) {
    throw lost(address, new Error('the trusted certificate cannot be read', { cause }));
  }
}

function lost(address: string, cause: unknown): DqliteError {
  if (cause instanceof DqliteError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DqliteError('CONNECTION_LOST', { address, reason }, { cause });
}

function aborted(address: string, signal: AbortSignal): DqliteError {
  return new DqliteError('ABORTED', { what: `Dialling ${address}` }, { cause: signal.reason });
}
