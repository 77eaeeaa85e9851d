/** A network of proxies: carries bytes, holds them while it is cut, and delays them. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestNetwork } from './index.js';

/** Answers every connection with what it reads. */
let echoes: Server[];
let network: TestNetwork;
const open: Socket[] = [];

beforeEach(async () => {
  echoes = [1, 2, 3].map(() =>
    createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1'),
  );
  await Promise.all(echoes.map((server) => once(server, 'listening')));
  network = await TestNetwork.between(echoes.map(addressOf));
});

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await network.close();
  for (const server of echoes) server.close();
});

function addressOf(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('not listening');
  return `127.0.0.1:${bound.port}`;
}

/** A connection of one member to another. */
function dial(from: number, to: number): Socket {
  const server = echoes[to - 1];
  const route = server && network.routesOf(from)[addressOf(server)];
  const socket = connect(Number(route?.slice(route.indexOf(':') + 1)), '127.0.0.1');
  socket.setEncoding('utf8');
  open.push(socket);
  return socket;
}

async function echo(socket: Socket, text: string): Promise<string> {
  const answered = once(socket, 'data');
  socket.write(text);
  const [answer]: unknown[] = await answered;
  return String(answer);
}

/** Whether nothing arrives while another member's bytes go there and back. */
async function isSilent(socket: Socket, other: Socket): Promise<boolean> {
  let heard = false;
  const listen = () => {
    heard = true;
  };
  socket.on('data', listen);
  socket.write('?');
  for (const text of ['a', 'b', 'c']) await echo(other, text);
  socket.off('data', listen);
  return !heard;
}

describe('a network', () => {
  it('has a route from each member to each other', () => {
    const addresses = echoes.map(addressOf);
    expect(Object.keys(network.routesOf(2))).toEqual([addresses[0], addresses[2]]);
    const all = [1, 2, 3].flatMap((member) => Object.values(network.routesOf(member)));
    expect(new Set(all).size).toBe(6);
  });

  it('carries bytes, and the end of them', async () => {
    const socket = dial(1, 2);
    expect(await echo(socket, 'hello')).toBe('hello');
    socket.end();
    await once(socket, 'end');
    expect(socket.readableEnded).toBe(true);
  });

  it('holds what a partition cuts, old connections and new, and lets it pass after the healing', async () => {
    const [cut, kept] = [dial(1, 2), dial(2, 3)];
    await echo(cut, 'before');
    await echo(kept, 'before');
    network.partition([[1], [2, 3]]);
    const late = dial(1, 3);
    expect(await isSilent(cut, kept)).toBe(true);
    expect(await isSilent(late, kept)).toBe(true);
    const answers = Promise.all([once(cut, 'data'), once(late, 'data')]);
    network.heal();
    expect(await answers).toEqual([['?'], ['?']]);
  });

  it('keeps a paused member apart when a partition heals', async () => {
    const [paused, kept] = [dial(1, 2), dial(2, 3)];
    await echo(paused, 'before');
    network.disconnect(1);
    network.partition([[1], [2, 3]]);
    network.heal();
    expect(await isSilent(paused, kept)).toBe(true);
    const answer = once(paused, 'data');
    network.connect(1);
    expect(await answer).toEqual(['?']);
  });

  it('delays bytes in both directions, and keeps their order', async () => {
    const socket = dial(1, 2);
    await echo(socket, 'before');
    network.slow(2, { delayMs: 100, jitterMs: 20 });
    const began = performance.now();
    let received = '';
    socket.on('data', (text: string) => {
      received += text;
    });
    for (const digit of '0123456789') socket.write(digit);
    while (received.length < 10) await once(socket, 'data');
    expect(performance.now() - began).toBeGreaterThan(195);
    expect(received).toBe('0123456789');
  });

  it('ends a connection whose other side refuses it', async () => {
    const gone = echoes[1];
    if (gone === undefined) throw new Error('there is no second server');
    const closed = once(gone, 'close');
    gone.close();
    await closed;
    const route = Object.values(network.routesOf(1))[0] ?? '';
    const socket = connect(Number(route.slice(route.indexOf(':') + 1)), '127.0.0.1');
    open.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });
});
