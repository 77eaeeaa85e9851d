/** HTTP/1.1 in bytes on real sockets, as a Go client sends it: no ALPN, one connection per request. */
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const LIMIT_MS = 60_000;

/** A key pair that a caller shows. */
export interface Identity {
  readonly certificate: string;
  readonly privateKey: string;
}

/** One answer, in the parts that a reader compares. */
export interface RawAnswer {
  readonly statusLine: string;
  readonly status: number;
  /** `Name: value`, sorted, without `Date`. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** Connects to the control socket. */
export async function dialSocket(path: string): Promise<Socket> {
  const socket = connectPlain({ path });
  await once(socket, 'connect', { signal: AbortSignal.timeout(LIMIT_MS) });
  return socket;
}

/** Connects over TLS 1.3 without ALPN. */
export async function dialTls(address: string, identity?: Identity): Promise<Socket> {
  const colon = address.lastIndexOf(':');
  const socket = connectTls({
    host: address.slice(0, colon),
    port: Number(address.slice(colon + 1)),
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ...(identity && { cert: identity.certificate, key: identity.privateKey }),
  });
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(LIMIT_MS) });
  return socket;
}

/** Sends the bytes of one request and reads until the peer closes. */
export async function exchange(socket: Socket, bytes: string): Promise<string> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(socket, 'close', { signal: limit });
  socket.write(bytes);
  try {
    await closed;
  } catch (error) {
    if (!limit.aborted) throw error;
    const received = JSON.stringify(Buffer.concat(chunks).toString('utf8'));
    throw new Error(`the peer kept the connection open for ${LIMIT_MS} ms; received ${received}`, {
      cause: error,
    });
  } finally {
    socket.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What Go's client sends for a request with keep-alives disabled. */
export function goRequest(
  method: string,
  path: string,
  host: string,
  options: { readonly body?: string; readonly headers?: readonly string[] } = {},
): string {
  const { body, headers = [] } = options;
  const sendsLength = body !== undefined || ['POST', 'PUT', 'PATCH'].includes(method);
  return [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: Go-http-client/1.1',
    ...(sendsLength ? [`Content-Length: ${Buffer.byteLength(body ?? '')}`] : []),
    ...headers,
    'Accept-Encoding: gzip',
    'Connection: close',
    '',
    body ?? '',
  ].join('\r\n');
}

/** Splits the bytes of an answer with a Content-Length, and checks that the length is right. */
export function parseAnswer(text: string, { isHead = false } = {}): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`not an HTTP answer: ${JSON.stringify(text)}`);
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const body = text.slice(end + 4);
  const announced = lines.find((line) => /^content-length:/i.test(line));
  if (announced && !isHead && Number(announced.split(':')[1]) !== Buffer.byteLength(body)) {
    throw new Error(`${announced}, but the body has ${Buffer.byteLength(body)} bytes`);
  }
  return {
    statusLine,
    status: Number(statusLine.split(' ')[1]),
    headers: lines.filter((line) => !/^date:/i.test(line)).sort(),
    body,
  };
}

/** The text of an error envelope, else undefined. */
export function errorOf(body: string): string | undefined {
  if (!body.startsWith('{"type":"error"')) return undefined;
  const envelope: unknown = JSON.parse(body);
  return typeof envelope === 'object' && envelope !== null && 'error' in envelope
    ? String(envelope.error)
    : undefined;
}
