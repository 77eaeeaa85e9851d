/** Tests of the node's state machine against the real library: wrong use is an error, never a crash or a deadlock. */
import { execFileSync } from 'node:child_process';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DqliteNode } from './dqlite-node.js';
import {
  connectTcp,
  eventually,
  freeAddress,
  tcpNode,
  temporaryDirectory,
} from './node.fixture.js';
import { BOOTSTRAP_ID } from './node-id.js';
import { leaderOf } from './raw-client.fixture.js';

describe('DqliteNode', () => {
  const nodes: DqliteNode[] = [];
  const directories: ReturnType<typeof temporaryDirectory>[] = [];
  let address: string;

  const directory = (): string => {
    const made = temporaryDirectory();
    directories.push(made);
    return made.path;
  };
  const keep = (node: DqliteNode): DqliteNode => {
    nodes.push(node);
    return node;
  };
  const make = (more: Parameters<typeof tcpNode>[2] = {}): DqliteNode =>
    keep(tcpNode(address, directory(), more));

  beforeEach(async () => {
    address = await freeAddress();
  });

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
    for (const made of directories.splice(0)) made.remove();
  });

  it('starts, serves SQL over TCP, keeps its data over a restart', async () => {
    const path = directory();
    const first = keep(tcpNode(address, path));
    await first.start();
    const writer = await leaderOf([address]);
    await writer.openWarm('test');
    await writer.exec('CREATE TABLE t (a)');
    await writer.exec('INSERT INTO t VALUES (41)');
    writer.close();
    await first.stop();

    const second = keep(tcpNode(address, path));
    await second.start();
    const reader = await leaderOf([address]);
    await reader.openWarm('test');

    expect(await reader.integer('SELECT a FROM t')).toBe(41n);
    reader.close();
  });

  it('refuses a second start, while starting and when running', async () => {
    const node = make();
    const starting = node.start();

    await expect(node.start()).rejects.toMatchObject({ code: 'NODE_STATE' });
    await starting;
    await expect(node.start()).rejects.toMatchObject({ code: 'NODE_STATE' });
    expect(node.state).toBe('running');
  });

  it('refuses everything after it was closed', async () => {
    const node = make();
    node.close();

    await expect(node.start()).rejects.toMatchObject({ code: 'NODE_STATE' });
    expect(() => node.recover([])).toThrowError(expect.objectContaining({ code: 'NODE_STATE' }));
    await expect(node.stop()).resolves.toBeUndefined();
    expect(() => node.close()).not.toThrow();
  });

  it('refuses to be closed or recovered while it runs', async () => {
    const node = make();
    await node.start();

    expect(() => node.close()).toThrowError(expect.objectContaining({ code: 'NODE_STATE' }));
    expect(() => node.recover([])).toThrowError(expect.objectContaining({ code: 'NODE_STATE' }));
    expect((await leaderOf([address])).close()).toBeUndefined();
  });

  it('stops once, however often and whenever it is asked to', async () => {
    const node = make();
    const starting = node.start();

    await Promise.all([node.stop(), node.stop(), starting]);
    await node.stop();

    expect(node.state).toBe('closed');
  });

  it('refuses a second node on the same directory until the first is gone', async () => {
    const path = directory();
    const first = keep(tcpNode(address, path));
    const attempt = () => tcpNode(address, path);

    expect(attempt).toThrowError(expect.objectContaining({ code: 'DIRECTORY_LOCKED' }));
    await first.start();
    expect(attempt).toThrowError(expect.objectContaining({ code: 'DIRECTORY_LOCKED' }));
    await first.stop();
    expect(keep(attempt()).state).toBe('created');
  });

  it.each([
    ['an id of 0', { id: 0n }],
    ['an id beyond 64 bits', { id: 1n << 64n }],
    ['an empty address', { address: '' }],
    ['a directory that is missing', { directory: '/nonexistent/dqlite' }],
  ])('refuses %s before anything is made', (_, options) => {
    expect(() => make(options)).toThrowError(
      expect.objectContaining({ code: expect.stringMatching(/NODE_START_FAILED|STATE_FILES/) }),
    );
  });

  it.each([
    ['a host name to bind to', { bindAddress: 'localhost:9000' }],
    ['a latency of 0', { networkLatencyMs: 0 }],
    ['trailing below threshold', { snapshot: { threshold: 100, trailing: 50 } }],
  ])('fails to start with %s, and is closed then', async (_, options) => {
    const node = make(options);

    await expect(node.start()).rejects.toMatchObject({ code: 'NODE_START_FAILED' });
    expect(node.state).toBe('closed');
  });

  it('fails to start on an address that is in use', async () => {
    const first = make();
    await first.start();
    const second = make();

    await expect(second.start()).rejects.toMatchObject({ code: 'NODE_START_FAILED' });
    expect(first.state).toBe('running');
  });

  it('cuts nobody off its keep-alive: accepted connections inherit it', async () => {
    const node = make();
    await node.start();
    const client = await leaderOf([address]);
    const port = address.slice(address.indexOf(':'));

    const connections = execFileSync('ss', ['-tnoH', 'sport', '=', port]).toString();

    expect(connections).toContain('timer:(keepalive');
    client.close();
  });

  describe('with a peer', () => {
    let blackHole: Server;
    let peer: string;
    let dialled: string[];

    beforeEach(async () => {
      dialled = [];
      blackHole = createServer(() => undefined);
      await new Promise<void>((resolve) => {
        blackHole.listen(0, '127.0.0.1', resolve);
      });
      const bound = blackHole.address();
      if (bound === null || typeof bound === 'string') throw new Error('no port');
      peer = `127.0.0.1:${bound.port}`;
    });
    afterEach(async () => {
      await new Promise((resolve) => {
        blackHole.close(resolve);
      });
    });

    async function assignPeer(connect: (address: string) => number): Promise<DqliteNode> {
      const node = make({ connect });
      await node.start();
      const client = await leaderOf([address]);
      await client.add(2n, peer);
      // Never answered: the peer does not speak.
      void client.assign(2n, 0).catch(() => undefined);
      await eventually('dialling the peer', () => dialled.length > 0);
      client.close();
      return node;
    }

    it('stops while it is dialling a peer that never answers', async () => {
      const node = await assignPeer((to) => {
        dialled.push(to);
        return connectTcp('127.0.0.2:1');
      });

      await node.stop();

      expect(node.state).toBe('closed');
    });

    it('survives a dial function that throws, and tries again', async () => {
      const node = await assignPeer((to) => {
        dialled.push(to);
        throw new Error('no route');
      });
      await eventually('a second attempt', () => dialled.length > 1);

      expect(node.state).toBe('running');
      expect(dialled).toContain(peer);
    });
  });

  it('forms a cluster of three over TCP, and all stop at once', async () => {
    const addresses = [address, await freeAddress(), await freeAddress()];
    const members = addresses.map((own, index) =>
      keep(tcpNode(own, directory(), { id: index === 0 ? BOOTSTRAP_ID : BigInt(index) + 100n })),
    );
    await Promise.all(members.map((node) => node.start()));
    const leader = await leaderOf([address]);
    for (const [index, own] of addresses.entries()) {
      if (index === 0) continue;
      await leader.add(BigInt(index) + 100n, own);
      await leader.assign(BigInt(index) + 100n, 0);
    }
    await leader.openWarm('test');
    await leader.exec('CREATE TABLE t (a)');
    leader.close();

    await Promise.all(members.map((node) => node.stop()));

    expect(members.map((node) => node.state)).toEqual(['closed', 'closed', 'closed']);
  });

  it('rewrites the membership of a stopped node and leads alone afterwards', async () => {
    const path = directory();
    const lost = await freeAddress();
    const before = keep(tcpNode(address, path));
    await before.start();
    const client = await leaderOf([address]);
    await client.openWarm('test');
    await client.exec('CREATE TABLE t (a)');
    await client.exec('INSERT INTO t VALUES (7)');
    await client.add(9n, lost);
    client.close();
    await before.stop();

    const rewriter = DqliteNode.create({
      id: 1n,
      address: '1',
      directory: path,
      bindAddress: '@',
      connect: connectTcp,
    });
    rewriter.recover([{ id: BOOTSTRAP_ID, address, role: 'voter' }]);
    rewriter.close();

    const after = keep(tcpNode(address, path));
    await after.start();
    const reader = await leaderOf([address]);
    const { body } = await reader.request(16, Buffer.alloc(8));
    expect(body.readBigUInt64LE(0)).toBe(1n);
    await reader.openWarm('test');
    expect(await reader.integer('SELECT a FROM t')).toBe(7n);
    reader.close();
  });

  it('answers a client that sends garbage by closing only that connection', async () => {
    const node = make();
    await node.start();
    const port = Number(address.slice(address.indexOf(':') + 1));
    const stranger = connect({ host: '127.0.0.1', port });
    stranger.on('error', () => undefined);
    const closed = new Promise((resolve) => {
      stranger.on('close', resolve);
    });
    stranger.resume();
    stranger.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await closed;

    expect((await leaderOf([address])).close()).toBeUndefined();
  });
});
