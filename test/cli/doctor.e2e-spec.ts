import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';

const findings = z.array(
  z.object({
    severity: z.string(),
    check: z.string(),
    member: z.string(),
    problem: z.string(),
    repair: z.string(),
    fixable: z.boolean(),
  }),
);

async function doctor(daemon: Daemon, ...args: string[]) {
  const { code, out, err } = await daemon.tryControl('doctor', '-f', 'json', ...args);
  return { code, err, findings: findings.parse(JSON.parse(out)) };
}

describe('the doctor and the plan of a removal', () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await TestCluster.form(3);
    await cluster.settled();
  });
  afterAll(() => cluster.close());

  it('finds nothing wrong with a healthy cluster', async () => {
    expect(await doctor(cluster.member(2))).toEqual({ code: 0, err: '', findings: [] });
    expect(await cluster.member(1).control('doctor')).toBe('Nothing is wrong with 3 members.\n');
  });

  it('says what a removal would do, and removes nothing', async () => {
    const plan = await cluster.member(1).control('cluster', 'remove', 'c3', '--dry-run');
    expect(plan).toContain(
      'c3 (voter) leaves the database, the member table and all trust stores.\n',
    );
    expect(plan).toContain('Voters: 3 before, 1 after; 1 must answer to decide, 1 do now.\n');
    expect(await cluster.table()).toHaveLength(3);
    const unknown = await cluster.member(1).tryControl('cluster', 'remove', 'c9', '--dry-run');
    expect(unknown).toEqual({ code: 1, out: '', err: 'Error: No member is called "c9"\n' });
  });

  it('repairs what is safe, but not without being told to', async () => {
    const daemon = cluster.member(1);
    const key = join(daemon.stateDir, 'server.key');
    await chmod(key, 0o644);
    const found = await doctor(daemon);
    expect(found).toMatchObject({
      code: 2,
      findings: [{ severity: 'critical', repair: `Run: chmod 600 ${key}`, fixable: true }],
    });
    const refused = await daemon.tryControl('doctor', '--fix');
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 1, out: '' });
    expect(refused.err).toContain('pass --yes');
    expect((await stat(key)).mode & 0o777).toBe(0o644);

    const { code, findings: left, err } = await doctor(daemon, '--fix', '--yes');
    expect({ code, left }).toEqual({ code: 0, left: [] });
    expect(err).toContain('Repaired: ');
    expect((await stat(key)).mode & 0o777).toBe(0o600);
  });

  it('names who does not answer, also from a machine whose own daemon is down', async () => {
    await cluster.member(3).kill();
    const { code, findings: found } = await doctor(cluster.member(1));
    expect(code).toBe(2);
    expect(found).toMatchObject([
      { severity: 'warning', check: 'quorum', problem: expect.stringContaining('2 of 3 voters') },
      { severity: 'warning', check: 'daemon', member: 'c3' },
    ]);
    const fromItself = await doctor(cluster.member(3));
    expect(fromItself.code).toBe(2);
    expect(fromItself.findings).toMatchObject([
      {
        severity: 'critical',
        check: 'daemon',
        member: 'c3',
        repair: `Start the daemon's service, or run: microd --state-dir ${cluster.member(3).stateDir}`,
      },
      { severity: 'warning', check: 'quorum' },
    ]);
    await cluster.member(3).start();
  });

  it('removes at once where nobody can be asked', async () => {
    expect(await cluster.member(1).control('cluster', 'remove', 'c3')).toBe('');
    expect((await cluster.table()).map(({ name }) => name)).toEqual(['c1', 'c2']);
    expect(await cluster.member(1).tryControl('doctor', '-f', 'csv')).toMatchObject({ err: '' });
  });
});
