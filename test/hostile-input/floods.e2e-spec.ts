/**
 * Strangers who take what they can get from the leader of a cluster, over its network listener and its control
 * socket: meanwhile writes and heartbeats go on, nobody is elected, and afterwards nothing is left of them.
 */
import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { generateKeyPair } from '../../libs/microcluster/src/certificates/index.js';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { Load } from '../support/load.js';
import { raftTerm } from '../support/raft-term.js';
import { overSocket, overTls } from '../support/requests.js';
import { descriptorLimit, resourcesOf, type Resources } from './resources.js';
import { placeOf, Strangers } from './strangers.js';

const LIMIT_MS = 120_000;
/** As many connections of strangers as a listener keeps by default. */
const KEPT = 1_024;
/** Twice that, as far as this process may open them. */
const HALF_OPEN = Math.min(2_000, descriptorLimit() - 500);
/** Descriptors that come and go with the members' own connections. */
const OWN_DESCRIPTORS = 40;
/** What a heap that has grown and emptied again keeps of its pages, bytes. */
const KEPT_MEMORY = 150 * 1024 * 1024;
/** What a member may say meanwhile of other things, bytes. */
const KEPT_LOG = 4_096;
/** Writes that must succeed while a flood lasts. */
const WRITES = 10;

const HEADERS_WITHOUT_END = 'GET /core/1.0 HTTP/1.1\r\nHost: x\r\nX-Slow: ';
const BODY_WITHOUT_END =
  'POST /core/internal/cluster HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{"name":"';
/** The record of a handshake that announces 512 bytes of ClientHello, of which none follows. */
const HALF_HELLO = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
const LARGE_BODY = 'x'.repeat(5 * 1024 * 1024);

const heartbeats = z.array(z.object({ name: z.string(), last_heartbeat: z.coerce.date() }));

describe('a leader that strangers flood', () => {
  let cluster: TestCluster;
  let leader: Daemon;
  let before: Resources;
  let term: bigint;
  let load: Load;

  beforeAll(async () => {
    cluster = await TestCluster.form(3);
    await cluster.settled();
    leader = await cluster.leader();
    const other = cluster.members.find((member) => member !== leader);
    if (other === undefined) throw new Error('there is no follower');
    load = await Load.on(leader, other, 2);
    await written(WRITES);
    before = resourcesOf(leader.pid);
    term = raftTerm(leader.stateDir);
  });
  afterAll(async () => {
    await load?.end();
    await cluster?.close();
  });

  /** Waits until `count` more writes were acknowledged. */
  async function written(count: number): Promise<void> {
    const wanted = load.successes + count;
    await eventually(`${count} writes`, LIMIT_MS, () => {
      if (load.successes < wanted) throw new Error(`${wanted - load.successes} are missing`);
    });
  }

  /** Waits for writes, and for heartbeats of all members that came after this call. */
  async function worksOn(): Promise<void> {
    const since = new Date();
    await written(WRITES);
    await eventually('heartbeats of all members', LIMIT_MS, async () => {
      const { metadata } = await leader.request('GET', '/core/1.0/cluster');
      const late = heartbeats.parse(metadata).filter((row) => row.last_heartbeat <= since);
      if (late.length > 0) throw new Error(`none of ${late.map(({ name }) => name).join(', ')}`);
    });
  }

  /** Waits until the strangers' descriptors are closed again. */
  async function isRidOfThem(): Promise<void> {
    await eventually('the descriptors to be closed', LIMIT_MS, () => {
      const { descriptors } = resourcesOf(leader.pid);
      const excess = descriptors - before.descriptors;
      if (excess > OWN_DESCRIPTORS) throw new Error(`${excess} more than before are open`);
    });
  }

  it('works on while headers and bodies never end', async () => {
    using strangers = new Strangers();
    for (let count = 0; count < 50; count += 1) {
      const path = leader.socketPath;
      for (const bytes of [HEADERS_WITHOUT_END, BODY_WITHOUT_END]) {
        strangers.drip(await strangers.secure(leader.address, bytes), 'x');
        strangers.drip(await strangers.plain({ path }, bytes), 'x');
      }
    }
    expect(strangers.open).toBe(200);

    await worksOn();

    strangers.leave();
    await isRidOfThem();
  });

  it('works on while bodies are sent that are too large', async () => {
    const onNetwork = { path: '/core/internal/cluster', tls: { rejectUnauthorized: false } };
    const answers = Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const answer =
          at % 2 === 0
            ? await overTls(leader.address, onNetwork.tls, 'POST', onNetwork.path, LARGE_BODY)
            : await overSocket(leader.socketPath, 'POST', '/core/control/tokens', LARGE_BODY);
        return answer.status;
      }),
    );

    await worksOn();

    expect(new Set(await answers)).toEqual(new Set([413]));
    await isRidOfThem();
  });

  it('works on, and keeps a bounded number, while handshakes are not begun or not ended', async () => {
    expect(HALF_OPEN).toBeGreaterThan(KEPT);
    using strangers = new Strangers();
    for (let count = 0; count < HALF_OPEN; count += 1) {
      await strangers.plain(placeOf(leader.address), count % 2 === 0 ? '' : HALF_HELLO);
    }
    const { descriptors } = resourcesOf(leader.pid);
    expect(descriptors - before.descriptors).toBeLessThan(KEPT + OWN_DESCRIPTORS);

    await worksOn();

    strangers.leave();
    await isRidOfThem();
  });

  it('works on while strangers ask for all that they may and may not have', async () => {
    const { metadata } = await leader.request('GET', '/core/1.0/cluster');
    const [member] = z.array(z.looseObject({})).parse(metadata);
    const { certificate } = await generateKeyPair({ commonName: 'c9' });
    const joiner = { ...member, name: 'c9', address: '127.0.0.1:9', certificate, secret: 'ab' };
    const requests: readonly (readonly [method: string, path: string, body?: unknown])[] = [
      ['GET', '/core/1.0'],
      ['GET', '/core/1.0/cluster'],
      ['POST', '/core/internal/cluster', joiner],
      ['POST', '/core/internal/cluster', { ...joiner, certificate: 'x' }],
      ['POST', '/core/internal/heartbeat', { begin_round: true, leader_address: leader.address }],
      ['POST', '/1.0/items', { name: 'of a stranger' }],
    ];
    const logged = (await stat(leader.logFile)).size;
    const over = new AbortController();
    const statuses = new Set<number>();
    const ask = async (first: number) => {
      for (let at = first; !over.signal.aborted; at += 1) {
        const [method, path, body] = requests[at % requests.length] ?? ['GET', '/core/1.0'];
        const tls = { rejectUnauthorized: false };
        const { status } = await overTls(leader.address, tls, method, path, body);
        statuses.add(status);
      }
    };
    const flood = Array.from({ length: 16 }, (_, at) => ask(at));

    try {
      await worksOn();
    } finally {
      over.abort();
      await Promise.all(flood);
    }
    expect([...statuses].toSorted()).toEqual([200, 400, 403, 404]);
    // Strangers must not fill the disk with what is said about them.
    expect((await stat(leader.logFile)).size - logged).toBeLessThan(KEPT_LOG);
    await isRidOfThem();
  });

  it('has acknowledged every write, without an election, and has its memory back', async () => {
    const outcomes = await load.end();

    expect(outcomes.filter(({ kind }) => kind !== 'answered')).toEqual([]);
    expect(new Set(outcomes.map((one) => one.kind === 'answered' && one.status))).toEqual(
      new Set([200]),
    );
    expect(raftTerm(leader.stateDir)).toBe(term);
    await cluster.settled();
    expect(resourcesOf(leader.pid).memory - before.memory).toBeLessThan(KEPT_MEMORY);
  });
});
