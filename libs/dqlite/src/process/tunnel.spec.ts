/** Tests of nodes behind a Core API port: hand-over by ALPN, the upgrade, trust and its end, local clients. */
import { timeLimit } from '../time-limit.js';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../native/node.fixture.js';
import { RawClient } from '../native/raw-client.fixture.js';
import type { NodeHost, TlsIdentity } from '../node-host.js';
import { selfSigned } from '../transport/certificates.fixture.js';
import { dialTunnel } from '../transport/dial.js';
import { DQLITE_ALPN } from '../transport/upgrade.js';
import { DqliteProcess } from './dqlite-process.js';
import { InProcessNode } from './in-process-node.js';
import { clusterIdentity, startMember, type Member } from './member.fixture.js';

const soon = (): AbortSignal => timeLimit(60_000);

describe.each([
  ['InProcessNode', (): NodeHost => new InProcessNode()],
  ['DqliteProcess', (): NodeHost => new DqliteProcess()],
])('%s in tunnel mode', (_, makeHost) => {
  const members: Member[] = [];
  const clients: RawClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await Promise.all(members.splice(0).map((member) => member.close()));
  });

  const keep = <T extends RawClient>(client: T): T => {
    clients.push(client);
    return client;
  };

  async function dial(member: Member, cluster: TlsIdentity, as: TlsIdentity): Promise<RawClient> {
    const stream = await dialTunnel({
      address: member.address,
      identity: as,
      trusted: cluster.certificate,
      signal: soon(),
    });
    return keep(new RawClient(stream));
  }

  async function local(member: Member): Promise<RawClient> {
    return keep(new RawClient(await member.host.dialLocal(soon())));
  }

  async function localLeader(member: Member): Promise<RawClient> {
    const client = await local(member);
    await eventually('leadership', async () => (await client.leader()).address === member.address);
    return client;
  }

  async function single(speaksAlpn = true) {
    const cluster = clusterIdentity();
    const own = selfSigned('one');
    const peer = selfSigned('two');
    const member = await startMember(makeHost(), cluster, [own, peer], own, { speaksAlpn });
    members.push(member);
    return { cluster, own, peer, member };
  }

  it('serves local clients, and members that offer the ALPN name', async () => {
    const { cluster, peer, member } = await single();
    const writer = await localLeader(member);
    await writer.openWarm('test');
    await writer.exec('CREATE TABLE t (a)');
    await writer.exec('INSERT INTO t VALUES (3)');
    const reader = await dial(member, cluster, peer);
    await reader.openWarm('test');

    expect(await reader.integer('SELECT a FROM t')).toBe(3n);
    expect(member.seen).toEqual({ raw: 1, http: 0 });
  });

  it('serves members that know only the upgrade, and dials such members', async () => {
    const { cluster, peer, member } = await single(false);
    await localLeader(member);
    const client = await dial(member, cluster, peer);

    await expect(client.leader()).resolves.toMatchObject({ address: member.address });
    expect(member.seen).toEqual({ raw: 0, http: 1 });
  });

  it('carries large results both ways unharmed', async () => {
    const { cluster, peer, member } = await single();
    await localLeader(member);
    const client = await dial(member, cluster, peer);
    await client.openWarm('test');
    await client.exec('CREATE TABLE t (a)');
    const text = 'x'.repeat(3_000_000);
    await client.exec(`INSERT INTO t VALUES ('${text}')`);

    expect(await client.integer('SELECT length(a) FROM t')).toBe(3_000_000n);
    await client.query('SELECT a FROM t');
    expect(client.received).toBeGreaterThan(text.length);
  });

  it('closes strangers before a byte of theirs reaches the engine', async () => {
    const { cluster, member } = await single();
    const stranger = await dial(member, cluster, selfSigned('stranger'));

    await expect(stranger.leader()).rejects.toThrow('connection closed');
  });

  it('closes those who present no certificate', async () => {
    const { member } = await single();
    const socket = connectTls({
      port: Number(member.address.split(':')[1]),
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: [DQLITE_ALPN],
    });
    socket.on('error', () => undefined);
    const client = keep(new RawClient(socket));

    await client.ended;
    await expect(client.leader()).rejects.toThrow('connection closed');
  });

  it.each([
    ['handed over by ALPN', true],
    ['accepted over HTTP', false],
  ])('ends connections within a second when trust ends: %s', async (_name, speaksAlpn) => {
    const { cluster, own, peer, member } = await single(speaksAlpn);
    await localLeader(member);
    const doomed = await dial(member, cluster, peer);
    const staying = await dial(member, cluster, own);
    await doomed.leader();
    await staying.leader();
    const before = performance.now();
    await member.host.updateTrust(member.trustOf([own]));
    await doomed.ended;

    expect(performance.now() - before).toBeLessThan(1_000);
    await expect(staying.leader()).resolves.toMatchObject({ address: member.address });
    const again = await dial(member, cluster, peer);
    await expect(again.leader()).rejects.toThrow('connection closed');
  });

  it('refuses a trust list with an unreadable certificate, and keeps the one it has', async () => {
    const { cluster, own, peer, member } = await single();
    await localLeader(member);
    const trust = member.trustOf([own]);

    await expect(
      member.host.updateTrust({ ...trust, trustedPeers: ['-----BEGIN rubbish'] }),
    ).rejects.toThrow(/certificate|PEM|MISUSE/i);
    const client = await dial(member, cluster, peer);
    await expect(client.leader()).resolves.toMatchObject({ address: member.address });
  });

  it('dials only a peer that presents the cluster certificate', async () => {
    const { member } = await single();
    const signal = soon();
    const attempt = dialTunnel({
      address: member.address,
      identity: selfSigned('me'),
      trusted: selfSigned('cluster.test').certificate,
      signal,
    });

    await expect(attempt).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('lets the listener close while connections that it handed over live on', async ({ skip }) => {
    if (makeHost() instanceof InProcessNode) skip('the socket stays in this process');
    const { cluster, peer, member } = await single();
    await localLeader(member);
    const client = await dial(member, cluster, peer);
    await client.leader();
    await new Promise((resolve) => {
      member.server.close(resolve);
    });

    await expect(client.leader()).resolves.toMatchObject({ address: member.address });
  });

  it('survives a peer that goes away in the middle of its handshake', async () => {
    const { cluster, peer, member } = await single();
    await localLeader(member);
    const socket = connect(Number(member.address.split(':')[1]), '127.0.0.1');
    socket.on('error', () => undefined);
    const secure = connectTls({ socket, ALPNProtocols: [DQLITE_ALPN], rejectUnauthorized: false });
    secure.on('error', () => undefined);
    await eventually('the hand-over', () => member.seen.raw === 1);
    socket.resetAndDestroy();

    const client = await dial(member, cluster, peer);
    await expect(client.leader()).resolves.toMatchObject({ address: member.address });
  });

  it.each([
    ['all with ALPN', true],
    ['one of them like a Go member', false],
  ])('forms a cluster over tunnels: %s', async (_name, speaksAlpn) => {
    const cluster = clusterIdentity();
    const own = selfSigned('one');
    const other = selfSigned('two');
    const trusted = [own, other];
    const first = await startMember(makeHost(), cluster, trusted, own);
    members.push(first);
    const second = await startMember(makeHost(), cluster, trusted, other, { id: 9n, speaksAlpn });
    members.push(second);
    const leader = await localLeader(first);
    await leader.add(9n, second.address);
    await leader.assign(9n, 0);
    await leader.openWarm('test');
    await leader.exec('CREATE TABLE t (a)');
    await leader.exec('INSERT INTO t VALUES (5)');

    const follower = await local(second);
    await expect(follower.leader()).resolves.toMatchObject({ address: first.address });

    // Raft connections end, dialled ones too, when the other loses trust: no majority any more.
    await first.host.updateTrust(first.trustOf([own]));
    await second.host.updateTrust(second.trustOf([other]));
    await eventually('the loss of the majority', async () => {
      const client = await local(first);
      return (await client.leader()).address === '';
    });
  });
});
