/** Talks to a listener in raw bytes, as any client may. */
import { connect as connectPlain, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { once } from 'node:events';

/** Sends `bytes` and returns everything that comes back until the peer closes or `until` matches. */
export async function exchange(
  socket: Socket,
  bytes: string | Buffer,
  until?: RegExp,
): Promise<string> {
  socket.write(bytes);
  return readUntil(socket, until);
}

/** Reads until the peer closes or `until` matches what came so far. */
export async function readUntil(socket: Socket, until?: RegExp): Promise<string> {
  let received = '';
  for (;;) {
    const chunk: unknown = socket.read();
    if (Buffer.isBuffer(chunk)) {
      received += chunk.toString('utf8');
      if (until?.test(received) === true) return received;
      continue;
    }
    if (socket.readableEnded || socket.destroyed) return received;
    await Promise.race([
      once(socket, 'readable'),
      once(socket, 'end'),
      once(socket, 'close'),
    ]).catch(() => undefined);
  }
}

export async function dialPlain(options: NetConnectOpts): Promise<Socket> {
  const socket = connectPlain(options);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

export async function dialSecure(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

/** Status code, headers and body of one complete answer. */
export function parseAnswer(text: string): {
  status: number;
  headers: Record<string, string>;
  body: string;
} {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(statusLine.split(' ')[1]), headers, body: text.slice(end + 4) };
}

/** A request head (and body) in one string, closing the connection unless told otherwise. */
export function requestText(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const fields: Record<string, string> = {
    Host: '127.0.0.1',
    Connection: 'close',
    ...(body !== '' && { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const lines = Object.entries(fields)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
