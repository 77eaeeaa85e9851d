/** Responses survive the round trip however their bytes are cut, and bad bytes are errors with bounded memory. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, MalformedMessage, type Response } from './index.js';
import { frame, response, rowsBody, wireValue, type WireValue } from './server-side.fixture.js';

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''));
const seconds = fc.integer({ min: -(2 ** 31), max: 2 ** 40 });
const value: fc.Arbitrary<WireValue> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(wireValue.integer),
  fc.maxSafeInteger().map((number) => wireValue.integer(BigInt(number))),
  fc.double({ noNaN: true }).map(wireValue.float),
  text.map(wireValue.text),
  fc.uint8Array({ maxLength: 200 }).map(wireValue.blob),
  fc.constant(wireValue.null()),
  fc.boolean().map(wireValue.boolean),
  seconds.map(wireValue.seconds),
  fc.constant(wireValue.time('', null)),
);

interface Sample {
  readonly bytes: Buffer;
  readonly expected: Response;
}

const rows: fc.Arbitrary<Sample> = fc
  .record({
    columns: fc.array(text, { minLength: 1, maxLength: 40 }),
    done: fc.boolean(),
  })
  .chain(({ columns, done }) =>
    fc
      .array(fc.array(value, { minLength: columns.length, maxLength: columns.length }), {
        maxLength: 8,
      })
      .map((content) => ({
        bytes: response.rows(columns, content, done),
        expected: {
          type: 'rows' as const,
          columns,
          rows: content.map((row) => row.map(({ expected }) => expected)),
          done,
        },
      })),
  );

const server = fc.record({
  id,
  address: text,
  role: fc.constantFrom('voter' as const, 'stand-by' as const, 'spare' as const),
});

const sample: fc.Arbitrary<Sample> = fc.oneof(
  { weight: 5, arbitrary: rows },
  fc.tuple(id, text).map(([id, address]) => ({
    bytes: response.server(id, address),
    expected: { type: 'server' as const, id, address },
  })),
  fc.array(server, { maxLength: 10 }).map((servers) => ({
    bytes: response.servers(servers),
    expected: { type: 'servers' as const, servers },
  })),
  fc.tuple(fc.nat({ max: 65_535 }), text).map(([code, message]) => ({
    bytes: response.failure(BigInt(code), message),
    expected: { type: 'failure' as const, code, message },
  })),
  fc.tuple(fc.maxSafeInteger(), fc.nat()).map(([lastInsertId, rowsAffected]) => ({
    bytes: response.result(BigInt(lastInsertId), rowsAffected),
    expected: { type: 'result' as const, lastInsertId, rowsAffected },
  })),
  fc
    .tuple(fc.nat(), fc.nat(), fc.option(fc.nat(), { nil: undefined }))
    .map(([id, parameterCount, tailOffset]) => ({
      bytes: response.statement(id, parameterCount, tailOffset),
      expected: { type: 'statement' as const, id, parameterCount, tailOffset },
    })),
  fc
    .array(fc.record({ name: text, content: fc.uint8Array().map((b) => Buffer.from(b)) }))
    .map((files) => ({
      bytes: response.files(files),
      expected: { type: 'files' as const, files },
    })),
  fc.tuple(id, id).map(([failureDomain, weight]) => ({
    bytes: response.metadata(failureDomain, weight),
    expected: { type: 'metadata' as const, failureDomain, weight },
  })),
  fc.constant({ bytes: response.empty(), expected: { type: 'empty' as const } }),
  fc.constant({ bytes: response.database(), expected: { type: 'database' as const, id: 0 } }),
  fc.constant({
    bytes: response.welcome(),
    expected: { type: 'welcome' as const, heartbeatMs: 15_000n },
  }),
);

/** Cuts `bytes` into pieces of the given sizes, used in turn. */
function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** Feeds bytes as a connection would: the first error ends it. */
function feed(decoder: FrameDecoder, pieces: Iterable<Buffer>): Response[] | 'malformed' {
  const responses: Response[] = [];
  try {
    for (const piece of pieces) responses.push(...decoder.push(piece));
  } catch (error) {
    if (error instanceof MalformedMessage) return 'malformed';
    throw error;
  }
  return responses;
}

describe('FrameDecoder', () => {
  it('reads every response, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }),
        (samples, sizes) => {
          const stream = Buffer.concat(samples.map(({ bytes }) => bytes));
          const decoder = new FrameDecoder();

          expect(feed(decoder, cut(stream, sizes))).toEqual(
            samples.map(({ expected }) => expected),
          );
          expect(decoder.bufferedBytes).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('survives random bytes with an error or by waiting, and keeps no more than it was sent', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
        const decoder = new FrameDecoder();
        feed(
          decoder,
          chunks.map((chunk) => Buffer.from(chunk)),
        );

        const sent = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        expect(decoder.bufferedBytes).toBeLessThanOrEqual(sent);
      }),
      { numRuns: 1000 },
    );
  });

  it('survives a random body of every type', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 12 }),
        fc.array(fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 2 ** 31 })), {
          minLength: 2,
          maxLength: 40,
        }),
        fc.constantFrom(0x00, 0xee, 0xff),
        (type, halves, last) => {
          const body = Buffer.alloc(Math.ceil(halves.length / 2) * 8 + 8, last);
          halves.forEach((half, i) => body.writeUInt32LE(half, i * 4));

          const result = feed(new FrameDecoder(), [frame(type, body)]);

          expect(result === 'malformed' || result.length === 1).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('survives every response that lost words at its end', () => {
    fc.assert(
      fc.property(sample, fc.nat(), ({ bytes }, drop) => {
        const words = (bytes.length - 8) / 8;
        const kept = Buffer.from(bytes.subarray(0, 8 + 8 * (drop % words)));
        kept.writeUInt32LE((kept.length - 8) / 8, 0);

        const result = feed(new FrameDecoder(), [kept]);

        expect(result === 'malformed' || result.length === 1).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a message without a body', () => {
    expect(feed(new FrameDecoder(), [Buffer.from('0000000008000000', 'hex')])).toBe('malformed');
  });

  it('refuses a body above the limit as soon as it sees the header', () => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(1024 / 8 + 1, 0);
    header[4] = 7;

    expect(feed(new FrameDecoder({ maxBodyBytes: 1024 }), [header])).toBe('malformed');
  });

  it('does not allocate what a header announces', () => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE((2 ** 32 - 8) / 8, 0);
    const before = process.memoryUsage().arrayBuffers;
    const decoder = new FrameDecoder({ maxBodyBytes: 2 ** 33 });

    expect(decoder.push(header)).toEqual([]);
    expect(decoder.push(Buffer.alloc(1024))).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('keeps the parts of a result apart and knows the last one', () => {
    const decoder = new FrameDecoder();
    const first = response.rows(['a'], [[wireValue.integer(1n)]], false);
    const second = response.rows(['a'], [[wireValue.integer(2n)]], true);
    const other = response.rows(['b', 'c'], [], true);

    expect(decoder.push(Buffer.concat([first, second, other]))).toEqual([
      { type: 'rows', columns: ['a'], rows: [[1]], done: false },
      { type: 'rows', columns: ['a'], rows: [[2]], done: true },
      { type: 'rows', columns: ['b', 'c'], rows: [], done: true },
    ]);
  });

  it('reads a result without columns', () => {
    expect(new FrameDecoder().push(response.rows([], []))).toEqual([
      { type: 'rows', columns: [], rows: [], done: true },
    ]);
  });

  it('refuses rows in a result without columns', () => {
    const body = Buffer.concat([rowsBody([], []), Buffer.alloc(8, 1), Buffer.alloc(8, 0xff)]);

    expect(feed(new FrameDecoder(), [frame(7, body)])).toBe('malformed');
  });
});
