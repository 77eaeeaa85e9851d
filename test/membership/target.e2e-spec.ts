/** Requests with `?target=` on a real cluster. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestCluster } from '../support/cluster.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.form(3);
});

afterAll(() => cluster.close());

const hook = (target: string) => `/core/internal/hooks/pre-remove?target=${target}`;

it.each(['', 'c1', 'c2'])('runs where it is sent to: %j', async (target) => {
  const answer = await cluster.member(1).request('POST', hook(target), { force: false });
  expect(answer.text).toBe(
    '{"type":"sync","status":"Success","status_code":200,"operation":"","error_code":0,"error":"","metadata":{}}\n',
  );
});

it('keeps the status of the member that it was sent to', async () => {
  const path = '/core/internal/hooks/on-new-member?target=c2';
  const body = { new_member: { name: '', address: '', certificate: '' } };
  const answer = await cluster.member(1).request('POST', path, body);
  expect(answer.error).toMatch(/^Failed to send request to target "c2": /);
});

it('refuses a name that nobody has', async () => {
  const answer = await cluster.member(1).request('POST', hook('c9'), { force: false });
  expect([answer.status, answer.error]).toEqual([
    400,
    'Failed to get cluster member for request target name "c9": CoreClusterMember not found',
  ]);
});

it('is not done for strangers', async () => {
  const [first] = cluster.members;
  const answer = await first?.requestTls(undefined, 'POST', hook('c2'), { force: false });
  expect(answer?.status).toBe(403);
});

it('says when the member cannot be reached', async () => {
  await cluster.member(3).kill();
  const answer = await cluster.member(1).request('POST', hook('c3'), { force: false });
  expect(answer.status).toBe(500);
  expect(answer.error).toMatch(/^Failed to send request to target "c3": /);
});
