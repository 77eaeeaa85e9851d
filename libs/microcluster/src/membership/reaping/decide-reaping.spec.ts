import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zeroTime } from '../../types/index.js';
import { decideReaping, type ReapingInput } from './decide-reaping.js';

const limits = { absentMs: 60_000, unfinishedMs: 300_000 };
const alive = new Date('2026-01-01T00:00:00Z');
const leader = { id: 1, name: 'c1', address: '10.0.0.1:8443', heartbeat: alive };
const leaderNode = { id: 1n, address: '10.0.0.1:8443' };

function dueAfter(ms: number, input: Pick<ReapingInput, 'rows' | 'nodes'>) {
  const first = decideReaping({ ...input, self: leader.address, since: new Map(), now: 0, limits });
  const later = decideReaping({
    ...input,
    self: leader.address,
    since: first.since,
    now: ms,
    limits,
  });
  expect(first.due).toEqual([]);
  return later.due;
}

describe('reaping', () => {
  const joiner = { id: 2, name: 'c2', address: '10.0.0.2:8443', heartbeat: zeroTime() };
  const node = { id: 22n, address: '10.0.0.2:8443' };

  it('takes a joiner that never reached dqlite after the shorter time', () => {
    const input = { rows: [leader, joiner], nodes: [leaderNode] };
    expect(dueAfter(59_999, input)).toEqual([]);
    expect(dueAfter(60_000, input)).toEqual([
      { key: 'row 2', name: 'c2', address: joiner.address, nodeId: undefined },
    ]);
  });

  it('takes a joiner that reached dqlite but never finished after the longer time', () => {
    const input = { rows: [leader, joiner], nodes: [leaderNode, node] };
    expect(dueAfter(299_999, input)).toEqual([]);
    expect(dueAfter(300_000, input)).toEqual([
      { key: 'row 2', name: 'c2', address: joiner.address, nodeId: 22n },
    ]);
  });

  it('takes a node that is in no row', () => {
    expect(dueAfter(60_000, { rows: [leader], nodes: [leaderNode, node] })).toEqual([
      { key: 'node 22', name: undefined, address: node.address, nodeId: 22n },
    ]);
  });

  it('compares addresses, not their spelling', () => {
    const row = { ...leader, id: 3, name: 'c3', address: '[fe80:0:0::1]:8443' };
    const input = {
      rows: [leader, row],
      nodes: [leaderNode, { id: 3n, address: '[FE80::1]:8443' }],
    };
    expect(dueAfter(1_000_000, input)).toEqual([]);
  });

  it('begins anew for a suspect that was none in between', () => {
    const suspect = { rows: [leader, joiner], nodes: [leaderNode] };
    const base = { self: leader.address, limits };
    const first = decideReaping({ ...suspect, ...base, since: new Map(), now: 0 });
    const fine = decideReaping({
      ...base,
      rows: [leader, { ...joiner, heartbeat: alive }],
      nodes: [leaderNode, node],
      since: first.since,
      now: 30_000,
    });
    const again = decideReaping({ ...suspect, ...base, since: fine.since, now: 70_000 });
    expect(again.due).toEqual([]);
  });

  it('never takes the leader, nor a member that was heard of and is in both records', () => {
    const address = fc.integer({ min: 2, max: 6 }).map((host) => `10.0.0.${host}:8443`);
    fc.assert(
      fc.property(
        fc.uniqueArray(address),
        fc.uniqueArray(address),
        fc.nat(),
        (inRows, inNodes, now) => {
          const rows = inRows.map((at, id) => ({
            id: id + 10,
            name: `n${id}`,
            address: at,
            heartbeat: alive,
          }));
          const nodes = inNodes.map((at, id) => ({ id: BigInt(id + 10), address: at }));
          const input = { rows: [leader, ...rows], nodes: [leaderNode, ...nodes] };
          for (const { address: at, name } of dueAfter(now, input)) {
            expect(at).not.toBe(leader.address);
            expect(name).toBeUndefined();
            expect(inRows).not.toContain(at);
          }
        },
      ),
    );
  });
});
