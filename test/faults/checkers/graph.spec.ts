import { describe, expect, it } from 'vitest';
import { cycles, type Edge } from './graph.js';
import { realTimeEdges } from './real-time.js';

const edge = (from: number, to: number): Edge => ({ from, to, kind: 'ww', why: '' });

describe('cycles', () => {
  it('are none in a graph that has an order', () => {
    expect(cycles(4, [edge(0, 1), edge(1, 2), edge(0, 2), edge(3, 2)])).toEqual([]);
  });

  it('are found, one for each group, as short as they are', () => {
    const found = cycles(7, [
      edge(0, 1),
      edge(1, 2),
      edge(2, 0),
      edge(3, 4),
      edge(4, 3),
      edge(2, 3),
      edge(5, 6),
    ]);
    expect(found.map((cycle) => cycle.length).toSorted()).toEqual([2, 3]);
    for (const cycle of found) {
      cycle.forEach(({ to }, at) => expect(cycle[(at + 1) % cycle.length]?.from).toBe(to));
    }
  });
});

describe('the order of the clock', () => {
  it('leaves out what follows from the rest, and orders nothing that overlaps', () => {
    const edges = realTimeEdges([
      { began: 0, ended: 1 },
      { began: 2, ended: 3 },
      { began: 2.5, ended: 10 },
      { began: 4, ended: Number.POSITIVE_INFINITY },
    ]);
    expect(edges.map(({ from, to }) => `${from}-${to}`).toSorted()).toEqual(['0-1', '0-2', '1-3']);
  });
});
