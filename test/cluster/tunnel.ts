/** A tunnel to a member's database in bytes, as a Go member opens it or as ours do. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { dialTunnel } from '@microcluster/dqlite';
import type { Daemon } from '../support/daemon.js';

const LIMIT_MS = 60_000;

/** What the acceptor writes when it grants a tunnel; nothing else may come before the database's own bytes. */
export const GRANTED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: dqlite\r\n\r\n';

/** The request of a Go dialler: no ALPN, no `Connection: Upgrade`. */
export async function dialAsGo(caller: Daemon, to: Daemon): Promise<Duplex> {
  const [host = '', port] = to.address.split(':');
  const socket = connect({
    host,
    port: Number(port),
    cert: await caller.file('server.crt'),
    key: await caller.file('server.key'),
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  });
  await once(socket, 'secureConnect', { signal: AbortSignal.timeout(LIMIT_MS) });
  socket.write(
    `POST /core/internal/database HTTP/1.1\r\nHost: ${to.address}\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: 0\r\nUpgrade: dqlite\r\nX-Dqlite-Version: 1\r\n\r\n`,
  );
  return socket;
}

/** The way of our own members: the database is recognised by its ALPN name. */
export async function dialAsOurs(caller: Daemon, to: Daemon): Promise<Duplex> {
  return dialTunnel({
    address: to.address,
    identity: {
      certificate: await caller.file('server.crt'),
      privateKey: await caller.file('server.key'),
    },
    trusted: await to.file('cluster.crt'),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
}

/** Reads exactly `length` bytes. */
export async function readExactly(stream: Duplex, length: number): Promise<Buffer> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  for (;;) {
    const chunk: unknown = stream.read(length);
    if (Buffer.isBuffer(chunk) && chunk.length === length) return chunk;
    if (stream.readableEnded || stream.destroyed) throw new Error('the peer ended the tunnel');
    await once(stream, 'readable', { signal });
  }
}

/** Greets the database and asks who leads (`spec/dqlite.md` A.2, A.6); returns the type of its answer. */
export async function askWhoLeads(stream: Duplex): Promise<number> {
  const greeting = Buffer.alloc(8);
  greeting.writeBigUInt64LE(1n);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(1, 0); // one word of body; type 0 asks for the leader
  stream.write(Buffer.concat([greeting, head, Buffer.alloc(8)]));
  const answer = await readExactly(stream, 8);
  await readExactly(stream, answer.readUInt32LE(0) * 8);
  return answer.readUInt8(4);
}
