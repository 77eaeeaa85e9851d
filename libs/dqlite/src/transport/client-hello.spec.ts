/** Tests of the ClientHello reader, on real hellos cut anywhere and on arbitrary bytes. */
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ClientHelloReader, type ClientHello } from './client-hello.js';
import { readClientHello } from './read-client-hello.js';

const PROTOCOLS = ['x-microcluster-dqlite', 'http/1.1'];

/** Accepts one connection on a free port and hands it to `use`. */
async function withAccepted<T>(
  dial: (port: number) => Socket,
  use: (socket: Socket, dialled: Socket) => Promise<T>,
): Promise<T> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  const { port } = bound;
  const dialled = dial(port);
  dialled.on('error', () => undefined);
  const socket = await accepted;
  try {
    return await use(socket, dialled);
  } finally {
    socket.destroy();
    dialled.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}

function realHello(alpn: string[] | undefined): Promise<Buffer> {
  return withAccepted(
    (port) => connectTls({ port, host: '127.0.0.1', ...(alpn ? { ALPNProtocols: alpn } : {}) }),
    (socket) =>
      new Promise((resolve) => {
        socket.once('data', resolve);
        socket.resume();
      }),
  );
}

function feed(segments: readonly Buffer[], maxBytes?: number): ClientHello | undefined {
  const reader = new ClientHelloReader(maxBytes);
  for (const segment of segments) {
    const hello = reader.push(segment);
    if (hello !== undefined) return hello;
  }
  return undefined;
}

function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const sorted = [0, ...[...positions].sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

/** Cuts the one record of a hello into records of at most `size` bytes. */
function refragment(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let offset = 0; offset < message.length; offset += size) {
    const part = message.subarray(offset, offset + size);
    const header = Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]);
    records.push(header, part);
  }
  return Buffer.concat(records);
}

describe('ClientHelloReader', () => {
  let offering: Buffer;
  let plain: Buffer;

  beforeAll(async () => {
    offering = await realHello(PROTOCOLS);
    plain = await realHello(undefined);
  });

  it('reads the protocols in the order of the client', () => {
    expect(feed([offering])).toEqual({ alpn: PROTOCOLS, head: offering });
  });

  it('finds none in a hello without the extension', () => {
    expect(feed([plain])).toEqual({ alpn: [], head: plain });
  });

  it('does not care where segments and records are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: offering.length }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 600 }),
        (positions, recordSize) => {
          expect(feed(cut(offering, positions))?.alpn).toEqual(PROTOCOLS);
          const records = refragment(offering, recordSize);
          const hello = feed(cut(records, positions));
          expect(hello?.alpn).toEqual(PROTOCOLS);
        },
      ),
    );
  });

  it('keeps every byte it was given, also those after the hello', () => {
    const more = Buffer.concat([offering, Buffer.from('early data')]);

    expect(feed([more])?.head).toEqual(more);
  });

  it('waits for the rest of a hello, whatever is missing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: offering.length - 1 }), (length) => {
        expect(feed([offering.subarray(0, length)])).toBeUndefined();
      }),
    );
  });

  it('never throws, and never invents our protocol, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (segments) => {
        const hello = feed(segments.map((segment) => Buffer.from(segment)));
        expect(hello?.alpn ?? []).not.toContain(PROTOCOLS[0]);
      }),
    );
  });

  it('survives a hello with any byte changed', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: offering.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, to) => {
          const changed = Buffer.from(offering);
          changed[at] = to;
          const reader = new ClientHelloReader();
          expect(() => reader.push(changed)).not.toThrow();
        },
      ),
    );
  });

  it('takes what is not TLS for a hello without protocols, at once', () => {
    const request = Buffer.from('GET / HTTP/1.1\r\n');

    expect(feed([request])).toEqual({ alpn: [], head: request });
  });

  it('gives up beyond the limit', () => {
    const endless = Buffer.concat([
      Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x80, 0]),
      Buffer.alloc(0x4000 - 4),
    ]);
    const reader = new ClientHelloReader();

    expect(() => {
      reader.push(endless);
      reader.push(endless);
    }).toThrow('longer than 16384 bytes');
  });
});

describe('readClientHello', () => {
  it('leaves the socket paused with nothing lost', async () => {
    const hello = await realHello(PROTOCOLS);
    await withAccepted(
      (port) => connect(port, '127.0.0.1'),
      async (socket, dialled) => {
        dialled.write(hello.subarray(0, 7));
        const reading = readClientHello(socket);
        dialled.write(hello.subarray(7));
        const { alpn, head } = await reading;
        expect(alpn).toEqual(PROTOCOLS);
        socket.unshift(head);
        const replayed = await new Promise<Buffer>((resolve) => {
          socket.once('data', resolve);
          socket.resume();
        });

        expect(replayed).toEqual(hello);
      },
    );
  });

  it('destroys the socket of a peer that stays silent', async () => {
    await withAccepted(
      (port) => connect(port, '127.0.0.1'),
      async (socket) => {
        await expect(readClientHello(socket, { deadlineMs: 30 })).rejects.toThrow('within 30 ms');
        expect(socket.destroyed).toBe(true);
      },
    );
  });

  it('says that a peer went away', async () => {
    await withAccepted(
      (port) => connect(port, '127.0.0.1'),
      async (socket, dialled) => {
        dialled.end(Buffer.from([22, 3]));
        await expect(readClientHello(socket)).rejects.toThrow('went away');
      },
    );
  });
});
