/** The three records of who is a member, as real daemons have them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DqliteConnection, dialTunnel } from '@microcluster/dqlite';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { identityOf, leads, type MemberAt } from '../support/leader.js';
import { overSocket } from '../support/requests.js';

const LIMIT_MS = 120_000;
const QUESTION_LIMIT_MS = 5_000;

const rows = z.array(z.object({ name: z.string(), address: z.string(), role: z.string() }));

/** Waits until table, trust stores and dqlite of all `members` name exactly `names`. */
export async function expectRecords(
  members: readonly MemberAt[],
  names: readonly string[],
): Promise<void> {
  const wanted = names.toSorted();
  await eventually(`the records to be ${wanted.join(', ')}`, LIMIT_MS, async () => {
    const leading = await Promise.all(members.map(leads));
    const leader = members.find((_, index) => leading[index]);
    if (leader === undefined) throw new Error('nobody leads');
    // Only the leader's list is sure: a spare has no log, or an old one.
    const addresses = await nodeAddresses(leader);
    for (const member of members) {
      const answer = await overSocket(socketOf(member), 'GET', '/core/1.0/cluster');
      expect(answer.error).toBe('');
      const table = rows.parse(answer.metadata);
      const byAddress = new Map(table.map((row) => [row.address, row.name]));
      const trusted = (await readdir(join(member.stateDir, 'truststore')))
        .filter((file) => file.endsWith('.yaml'))
        .map((file) => file.slice(0, -'.yaml'.length));
      const records = {
        table: table.map((row) => row.name).toSorted(),
        trusted: trusted.toSorted(),
        nodes: addresses.map((at) => byAddress.get(at) ?? at).toSorted(),
      };
      expect(records).toEqual({ table: wanted, trusted: wanted, nodes: wanted });
    }
  });
}

/** Waits until the daemon is ready and no member of any cluster. */
export async function isUninitialised(daemon: Daemon): Promise<void> {
  await eventually(`${daemon.name} to be uninitialised`, LIMIT_MS, async () => {
    const info = z
      .object({ ready: z.boolean(), address: z.string() })
      .parse((await daemon.request('GET', '/core/1.0')).metadata);
    expect(info).toMatchObject({ ready: false, address: '' });
    expect((await daemon.request('GET', '/core/1.0/cluster')).error).toBe(
      'Database is not yet initialized',
    );
    expect(await readdir(join(daemon.stateDir, 'truststore'))).toEqual([]);
    expect(await readdir(join(daemon.stateDir, 'database'))).toEqual([]);
  });
}

/** Addresses of the nodes in dqlite, as the node of `member` knows them. */
async function nodeAddresses(member: MemberAt): Promise<string[]> {
  const { identity, trusted } = await identityOf(member);
  const connection = await DqliteConnection.connect({
    dial: (address, signal) => dialTunnel({ address, identity, trusted, signal }),
    address: member.address,
    signal: AbortSignal.timeout(QUESTION_LIMIT_MS),
  });
  try {
    const nodes = await connection.cluster({ deadlineMs: QUESTION_LIMIT_MS });
    return nodes.map((node) => node.address);
  } finally {
    connection.close();
  }
}

function socketOf({ stateDir }: MemberAt): string {
  return join(stateDir, 'control.socket');
}
