import { describe, expect, it } from 'vitest';
import { Random } from '../random.js';
import { schedule, type Moment } from './schedule.js';

const NAMES = ['a', 'b', 'c', 'd'];

function take(count: number, seed: number): Moment[] {
  const moments = schedule(new Random(seed), NAMES);
  return Array.from({ length: count }, () => moments.next().value);
}

describe('a schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(take(50, 7)).toEqual(take(50, 7));
    expect(take(50, 7)).not.toEqual(take(50, 8));
  });

  it('lets every fault come before one comes again', () => {
    const order = take(50, 1).flatMap(({ faults }) => faults);
    for (let at = 0; at + NAMES.length <= order.length; at += NAMES.length) {
      expect(order.slice(at, at + NAMES.length).toSorted()).toEqual(NAMES);
    }
  });

  it('combines some', () => {
    const sizes = new Set(take(50, 1).map(({ faults }) => faults.length));
    expect([...sizes].toSorted()).toEqual([1, 2]);
  });
});
