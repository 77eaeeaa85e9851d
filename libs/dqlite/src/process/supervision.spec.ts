/** Tests of the two clocks of supervision: the back-off and the dead man's switch. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from './backoff.js';
import { DeadMansSwitch } from './dead-mans-switch.js';

describe('Backoff', () => {
  it('doubles from 100 ms to 10 s, and starts over after a minute of running', () => {
    const backoff = new Backoff();
    const delays = Array.from({ length: 9 }, () => backoff.next(5));

    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(backoff.next(60_000)).toBe(100);
  });
});

describe('DeadMansSwitch', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function make() {
    const ping = vi.fn<() => void>();
    const onSilent = vi.fn<() => Promise<void>>(async () => undefined);
    return {
      ping,
      onSilent,
      guard: new DeadMansSwitch({ intervalMs: 1_000, silenceMs: 10_000 }, { ping, onSilent }),
    };
  }

  it('acts after ten seconds without an answer, again and again, with one ping under way', async () => {
    const { ping, onSilent, guard } = make();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(onSilent).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onSilent).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(onSilent).toHaveBeenCalledTimes(4);
    expect(ping).toHaveBeenCalledTimes(1);
    guard.close();
  });

  it('does not act while it is answered, and forgives a silence that ended', async () => {
    const { ping, onSilent, guard } = make();
    for (let second = 0; second < 60; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      if (second % 8 === 0) guard.answered();
    }
    expect(onSilent).not.toHaveBeenCalled();
    expect(ping.mock.calls.length).toBeGreaterThan(5);
    guard.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onSilent).not.toHaveBeenCalled();
  });
});
