/** Join tokens on a real cluster: for whom they are, and how often they can be used. */
import { Module } from '@nestjs/common';
import { ClusterState, MicroclusterModule } from '@microcluster/nest';
import { isClientError } from '@microcluster/nest/client';
import { TestCluster, type TestMember } from '@microcluster/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Members whose hook `preJoin` fails. */
const failing = new Set<string>();

@Module({
  imports: [
    MicroclusterModule.forRoot({
      version: '1.0.0',
      hooks: {
        preJoin: ({ state }) => {
          if (failing.delete(state.name)) throw new Error('out of order');
        },
      },
    }),
  ],
})
class Application {}

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.create(Application, { members: 5, form: false });
  await cluster.bootstrap(1);
});
afterAll(() => cluster.close());

function tokenFor(name: string, anyName = false): Promise<string> {
  return cluster.member(1).client.issueToken({ name, expire_after: 0n, any_name: anyName });
}

/** Joins as `name`; resolves with the status and text of the answer. */
async function join(member: TestMember, name: string, token: string): Promise<[number, string]> {
  const { address } = member;
  const control = { bootstrap: false, join_token: token, config: {}, name, address };
  try {
    await member.client.control(control, { timeoutMs: 90_000 });
    return [200, ''];
  } catch (error) {
    if (!isClientError(error)) throw error;
    return [error.status ?? 0, error.message];
  }
}

async function members(): Promise<string[]> {
  return (await cluster.member(1).client.clusterMembers()).map(({ name }) => name);
}

describe('a join token', () => {
  it('is for the machine whose name it bears', async () => {
    const [status, text] = await join(cluster.member(2), 'n9', await tokenFor('n2'));
    expect(status).toBe(400);
    expect(text).toMatch(/issued for "n2" but the member asks to join as "n9"/);
    expect(await members()).toEqual(['n1']);
    expect(cluster.member(2).get(ClusterState).databaseStatus.text).toBe(
      'Database is not yet initialized',
    );
    await cluster.member(1).client.revokeToken('n2');
  });

  it('survives a join that fails in a hook, and is spent by the one that succeeds', async () => {
    const token = await tokenFor('n2');
    failing.add('n2');
    expect(await join(cluster.member(2), 'n2', token)).toEqual([500, 'out of order']);
    expect(await join(cluster.member(2), 'n2', token)).toEqual([200, '']);
    expect(await members()).toEqual(['n1', 'n2']);
    const [status, text] = await join(cluster.member(3), 'n2', token);
    expect([status, text]).toEqual([404, expect.stringContaining('CoreTokenRecord not found')]);
  });

  it('admits exactly one of two that use it at the same time', async () => {
    const token = await tokenFor('n3');
    const answers = await Promise.all([
      join(cluster.member(3), 'n3', token),
      join(cluster.member(4), 'n3', token),
    ]);
    expect(answers.filter(([status]) => status === 200)).toHaveLength(1);
    expect(answers.filter(([status]) => status === 404 || status === 409)).toHaveLength(1);
    expect(await members()).toEqual(['n1', 'n2', 'n3']);
  });

  it('may be for any name', async () => {
    const token = await tokenFor('autoscaler', true);
    expect(await cluster.member(1).client.listTokens()).toMatchObject([
      { name: 'autoscaler', any_name: true },
    ]);
    expect(await join(cluster.member(5), 'worker-7', token)).toEqual([200, '']);
    expect(await members()).toEqual(['n1', 'n2', 'n3', 'worker-7']);
  });
});
