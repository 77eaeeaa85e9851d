/** A recovery's plan on disk: it is carried out as it was written, or not at all. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PLAN_FILE, readPlan, writePlan } from './plan.js';

const c1 = { id: 3_297_041_220_608_546_238n, address: '127.0.0.1:1', role: 'voter', name: 'c1' };
const c2 = { id: 2n, address: '127.0.0.1:2', role: 'spare', name: 'c2' };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'plan-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const write = (plan: object) =>
  writeFile(
    path.join(root, PLAN_FILE),
    JSON.stringify(plan, (_key, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    ),
  );

describe('the plan of a recovery', () => {
  it('is read as it was written', async () => {
    const members = [{ ...c1, role: 'voter' } as const, { ...c2, role: 'spare' } as const];
    await writePlan(root, { kind: 'load', self: 2n, members });
    expect(await readPlan(root)).toEqual({ kind: 'load', self: 2n, members });
  });

  it('is none where there is no file', async () => {
    expect(await readPlan(root)).toBeUndefined();
  });

  it.each([
    ['it is about another member', { kind: 'load', self: 7n, members: [c1, c2] }],
    ['it has no members', { kind: 'load', self: 2n, members: [] }],
    ['it has no voter', { kind: 'load', self: 2n, members: [c2] }],
    ['an address is none', { kind: 'load', self: 2n, members: [c1, { ...c2, address: 'x' }] }],
    [
      'two members have one address',
      { kind: 'rewrite', self: 2n, members: [c1, { ...c2, address: c1.address }] },
    ],
    ['a role is none', { kind: 'rewrite', self: 2n, members: [c1, { ...c2, role: 'king' }] }],
    ['what to do is none', { kind: 'guess', self: 2n, members: [c1, c2] }],
  ])('is refused by the name of its file when %s', async (_what, plan) => {
    await write(plan);
    await expect(readPlan(root)).rejects.toMatchObject({
      code: 'STATE_FILE_UNREADABLE',
      message: expect.stringContaining(path.join(root, PLAN_FILE)),
    });
  });
});
