import { describe, expect, it } from 'vitest';
import { FAILPOINTS, FAILPOINTS_BY_OPERATION, Failpoints, type Failpoint } from './index.js';

describe('failpoints', () => {
  it('do nothing without an action', async () => {
    const points = new Failpoints();
    for (const point of FAILPOINTS) await expect(points.reach(point)).resolves.toBeUndefined();
  });

  it('do what the test wants, by name', async () => {
    const reached: Failpoint[] = [];
    const points = new Failpoints((point) => {
      reached.push(point);
      if (point === 'join:admitted') throw new Error('the test says so');
    });
    await points.reach('join:noted');
    await expect(points.reach('join:admitted')).rejects.toThrow('the test says so');
    expect(reached).toEqual(['join:noted', 'join:admitted']);
  });

  it('are named once each, after their operation', () => {
    expect(new Set(FAILPOINTS).size).toBe(FAILPOINTS.length);
    for (const [operation, points] of Object.entries(FAILPOINTS_BY_OPERATION)) {
      for (const point of points) expect(point).toMatch(new RegExp(`^${operation}:[a-z-]+$`));
    }
  });
});
