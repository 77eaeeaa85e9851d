/** Members replace the certificates by which the others know them, under load, and with a member away. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { Load } from './load.js';

const LIMIT_MS = 120_000;

const certificateOf = (daemon: Daemon) => daemon.file('server.crt');

/** Waits until every member believes every member by its present certificate alone. */
async function expectTrust(members: readonly Daemon[]): Promise<void> {
  await eventually('all to trust the present certificates', LIMIT_MS, async () => {
    for (const { stateDir } of members) {
      for (const other of members) {
        const entry = await readFile(join(stateDir, 'truststore', `${other.name}.yaml`), 'utf8');
        const lines = (await certificateOf(other)).trim().split('\n');
        expect(entry.split('\n').map((line) => line.trim())).toEqual(expect.arrayContaining(lines));
      }
    }
  });
}

it('every member renews its certificate without a failed request, and all of them last', async () => {
  await using cluster = await TestCluster.form(3);
  await cluster.settled();
  const { members } = cluster;
  const before = await Promise.all(members.map(certificateOf));
  const leader = await cluster.leader();
  const [away, busy] = members.filter((member) => member !== leader);
  if (away === undefined || busy === undefined) throw new Error('there are three members');
  await using load = await Load.on(busy, [await busy.file('cluster.crt')]);
  await load.until(20);

  await away.kill();
  await leader.control('certificates', 'renew');
  await busy.control('certificates', 'renew');
  await load.until(load.answered + 20);

  // It knows the leader by a certificate that is no longer used.
  await away.start();
  await expectTrust(members);
  await away.control('certificates', 'renew');
  await load.until(load.answered + 20);
  await expectTrust(members);
  await cluster.settled(busy);
  expect(load.failures).toEqual([]);
  const after = await Promise.all(members.map(certificateOf));
  expect(after.filter((certificate) => before.includes(certificate))).toEqual([]);

  await Promise.all(members.map((member) => member.kill()));
  await Promise.all(members.map((member) => member.start()));
  await cluster.settled();
}, 400_000);

it('a certificate that is not of this member is refused, and nothing changes', async () => {
  await using cluster = await TestCluster.form(1);
  const member = cluster.member(1);
  const before = await certificateOf(member);
  const key = await member.file('cluster.key');
  const foreign = { cert: await member.file('cluster.crt'), key: '', ca: '' };
  const wrong = await member.request('POST', '/core/control/certificate', foreign);
  expect(wrong).toMatchObject({ status: 400, error: expect.stringContaining('Private key') });
  const unfit = await member.request('POST', '/core/control/certificate', {
    ...foreign,
    cert: before,
    key,
  });
  expect(unfit.status).toBe(400);
  expect(await certificateOf(member)).toBe(before);
});
