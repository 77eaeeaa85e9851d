/** Who leads, who follows and who is stopped when a disk fills up; `test/faults/short.e2e-spec.ts` does it to real nodes. */
import type { NodeInfo } from '@microcluster/dqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { yieldToFullDisk } from './yield-to-full-disk.js';

const node = (id: bigint, role: NodeInfo['role'] = 'voter'): NodeInfo => ({
  id,
  address: `10.0.0.${id}:1`,
  role,
});

let happened: string[];
let members: NodeInfo[];
let leader: NodeInfo | undefined;
let look: Record<'low' | 'exhausted' | 'regained', () => void>;

beforeEach(() => {
  happened = [];
  members = [node(1n), node(2n), node(3n)];
  leader = members[0];
  const nothing = (): void => undefined;
  look = { low: nothing, exhausted: nothing, regained: nothing };
  const note = (what: string) => (): void => void happened.push(what);
  yieldToFullDisk({
    app: {
      id: 1n,
      leader: () => Promise.resolve(leader),
      members: () => Promise.resolve(members),
      transfer: () => {
        happened.push('transfer');
        leader = members[1];
        return Promise.resolve();
      },
    },
    host: { suspend: note('suspend'), resume: note('resume') },
    guard: {
      onLow: (listener) => void (look.low = listener),
      onExhausted: (listener) => void (look.exhausted = listener),
      onRegained: (listener) => void (look.regained = listener),
    },
    logger: { log: () => undefined, warn: () => undefined, error: () => undefined },
    handoverMs: 10_000,
  });
});

describe('a node whose disk fills up', () => {
  it('gives up leading while there is room, and following before there is none', async () => {
    look.low();
    await expect.poll(() => happened).toEqual(['transfer']);
    look.exhausted();
    await expect.poll(() => happened).toEqual(['transfer', 'suspend']);
  });

  it('is stopped once, however often the disk is looked at, and goes on when there is space', async () => {
    leader = members[2];
    for (let times = 0; times < 3; times += 1) look.exhausted();
    await expect.poll(() => happened).toEqual(['suspend']);
    look.exhausted();
    look.regained();
    look.regained();
    await expect.poll(() => happened).toEqual(['suspend', 'resume']);
    look.exhausted();
    await expect.poll(() => happened).toEqual(['suspend', 'resume', 'suspend']);
  });

  it('is not stopped when there is space again before it was', async () => {
    leader = members[2];
    look.exhausted();
    look.regained();
    await new Promise((resolve) => setImmediate(resolve));
    expect(happened).toEqual([]);
  });

  it('is stopped too while nobody leads, since somebody may at any moment', async () => {
    leader = undefined;
    look.exhausted();
    await expect.poll(() => happened).toEqual(['suspend']);
  });

  it.each([
    ['the only one', () => [node(1n)]],
    ['the only voter', () => [node(1n), node(2n, 'spare')]],
  ])('goes on as %s, and is stopped as soon as another one leads', async (_what, cluster) => {
    members = cluster();
    look.low();
    look.exhausted();
    await new Promise((resolve) => setImmediate(resolve));
    expect(happened).toEqual([]);
    leader = node(2n);
    await expect
      .poll(() => {
        look.exhausted();
        return happened;
      })
      .toEqual(['suspend']);
  });
});
