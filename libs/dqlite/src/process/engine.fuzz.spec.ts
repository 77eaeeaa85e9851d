/**
 * What a trusted peer can do to the database that listens behind the tunnel, which is libdqlite's own parser: it may end
 * the database process (`spec/dqlite.md` D.1), which comes back with everything that it had.
 */
import { connect } from 'node:net';
import { once } from 'node:events';
import * as fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { isDqliteError } from '../errors/index.js';
import { casesOf } from '../fuzz/cases.fixture.js';
import { mutated } from '../fuzz/mutated.fixture.js';
import { BOOTSTRAP_ID } from '../native/node-id.js';
import { eventually, freeAddress, temporaryDirectory } from '../native/node.fixture.js';
import { leaderOf, text, u32, u64 } from '../native/raw-client.fixture.js';
import { timeLimit } from '../time-limit.js';
import { DqliteProcess } from './dqlite-process.js';

/** How long the engine is listened to after the last byte, milliseconds. */
const LINGER_MS = 20;
const LIMIT_MS = 60_000;
/** ADD, ASSIGN, REMOVE and TRANSFER are no rubbish: a peer may change the membership. */
const MEMBERSHIP = new Set([12, 13, 14, 15]);

const types = fc
  .oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 255 }))
  .filter((type) => !MEMBERSHIP.has(type));

const bodies = mutated([
  u64(0),
  u64(1),
  Buffer.concat([text('rubbish'), u64(0), text('')]),
  Buffer.concat([u64(0), text('CREATE TABLE IF NOT EXISTS rubbish (a, b DATE, c BOOLEAN)')]),
  Buffer.concat([
    u64(0),
    text('INSERT INTO rubbish VALUES (?, ?, ?)'),
    Buffer.from([3, 1, 2, 3, 0, 0, 0, 0]),
    u64(1),
    u64(2),
    text('x'),
  ]),
  Buffer.concat([u64(0), text('SELECT * FROM rubbish')]),
  Buffer.concat([u32(0), u32(0), Buffer.from([2, 4, 5, 0, 0, 0, 0, 0]), u64(3), u64(0)]),
]);

/** A request whose header may lie about the length of its body, which is whole words or is not. */
const frames = fc
  .record({
    type: types,
    schema: fc.integer({ min: 0, max: 2 }),
    body: bodies,
    lie: fc.oneof(fc.constant(0), fc.integer({ min: -2, max: 1 << 20 })),
  })
  .map(({ type, schema, body, lie }) => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(Math.max(0, Math.ceil(body.length / 8) + lie));
    header[4] = type;
    header[5] = schema;
    return Buffer.concat([header, body]);
  });

const conversations = fc
  .tuple(mutated([u64(1)]), fc.array(frames, { maxLength: 6 }), fc.boolean())
  .map(([greeting, requests, isPolite]) =>
    Buffer.concat([isPolite ? u64(1) : greeting, ...requests]),
  );

let cleanUp: (() => Promise<void>) | undefined;
afterEach(() => cleanUp?.());

it('rubbish of a peer may end the database process, which comes back with all data', async () => {
  const address = await freeAddress();
  const host = new DqliteProcess();
  const directory = temporaryDirectory();
  cleanUp = async () => {
    await host.stop();
    directory.remove();
  };
  const crashes: unknown[] = [];
  host.onStatus((status, reason) => status === 'restarting' && crashes.push(reason));
  await host.start({
    id: BOOTSTRAP_ID,
    address,
    directory: directory.path,
    transport: { kind: 'tcp' },
    networkLatencyMs: 30,
  });
  const writer = await leaderOf([address]);
  await writer.openWarm('test');
  await writer.exec('CREATE TABLE kept (a)');
  await writer.exec('INSERT INTO kept VALUES (42)');
  writer.close();

  await fc.assert(
    fc.asyncProperty(conversations, async (bytes) => {
      await eventually('the node running', () => host.status === 'running');
      await say(address, bytes);
    }),
    casesOf(0.5),
  );

  await eventually('the node running', () => host.status === 'running');
  const reader = await leaderOf([address]);
  await reader.openWarm('test');
  expect(await reader.integer('SELECT count(*) FROM kept WHERE a = 42')).toBe(1n);
  await reader.exec('INSERT INTO kept VALUES (43)');
  reader.close();
  expect(crashes.filter((reason) => !isDqliteError(reason, 'NODE_CRASHED'))).toEqual([]);
});

async function say(address: string, bytes: Buffer): Promise<void> {
  const [host = '', port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  socket.on('error', () => undefined).resume();
  try {
    await once(socket, 'connect', { signal: timeLimit(LIMIT_MS) });
    socket.write(bytes);
    await once(socket, 'close', { signal: timeLimit(LINGER_MS) });
  } catch {
    // It may hang up at any moment, and may have ended; or it waits for more.
  } finally {
    socket.destroy();
  }
}
