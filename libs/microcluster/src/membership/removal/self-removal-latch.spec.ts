import { describe, expect, it } from 'vitest';
import { SelfRemovalLatch } from './self-removal-latch.js';

describe('the latch of self-removal', () => {
  it('does not hold anybody up while no such request is under way', async () => {
    await expect(new SelfRemovalLatch().wait()).resolves.toBeUndefined();
  });

  it('holds a reset until the last of several requests has its answer', async () => {
    const latch = new SelfRemovalLatch();
    const releases = [latch.hold(), latch.hold()];
    let isOver = false;
    const wait = async () => {
      await latch.wait();
      isOver = true;
    };
    const waiting = wait();
    releases[0]?.();
    releases[0]?.();
    await Promise.resolve();
    expect(isOver).toBe(false);
    releases[1]?.();
    await waiting;
    expect(isOver).toBe(true);
  });

  it('lets a reset go on when an answer does not get out in time', async () => {
    const latch = new SelfRemovalLatch();
    latch.hold();
    await expect(latch.wait(10)).resolves.toBeUndefined();
  });
});
