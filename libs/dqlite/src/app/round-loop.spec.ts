/** The loop that runs rounds: never two at a time, none after a stop. */
import { describe, expect, it } from 'vitest';
import { eventually } from './app.fixture.js';
import { RoundLoop } from './round-loop.js';

const aborted = (signal: AbortSignal): Promise<number> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
  });

describe('a round loop', () => {
  it('repeats rounds, also after one that failed, which it reports', async () => {
    let rounds = 0;
    const errors: unknown[] = [];
    const loop = new RoundLoop({
      round: async () => {
        rounds += 1;
        if (rounds === 2) throw new Error('round 2');
        return 1;
      },
      retryDelayMs: 1,
      onError: (error) => errors.push(error),
    });

    loop.wake();
    await eventually('four rounds', async () => rounds >= 4);
    await loop.stop();

    expect(errors).toEqual([new Error('round 2')]);
  });

  it('runs one more round when it is woken during one', async () => {
    let rounds = 0;
    let finish = (): void => undefined;
    const loop = new RoundLoop({
      round: async () => {
        rounds += 1;
        if (rounds === 1) await new Promise<void>((resolve) => (finish = resolve));
        return 60_000;
      },
      onError: () => undefined,
    });

    loop.wake();
    loop.wake();
    expect(rounds).toBe(1);
    finish();
    await eventually('a second round', async () => rounds === 2);
    await loop.stop();
  });

  it('interrupts the running round on a pause, and goes on when all pauses are over', async () => {
    let rounds = 0;
    const errors: unknown[] = [];
    const loop = new RoundLoop({
      round: (signal) => {
        rounds += 1;
        return rounds === 1 ? aborted(signal) : Promise.resolve(60_000);
      },
      onError: (error) => errors.push(error),
    });
    loop.wake();

    const resumes = await Promise.all([loop.pause(), loop.pause()]);
    loop.wake();
    resumes[0]?.();
    resumes[0]?.();
    expect(rounds).toBe(1);
    resumes[1]?.();
    await eventually('the next round', async () => rounds === 2);
    await loop.stop();

    expect(errors, 'an interruption is no failure').toEqual([]);
  });

  it('waits on stop for the end of the round and starts no other', async () => {
    let rounds = 0;
    let isOver = false;
    const loop = new RoundLoop({
      round: async (signal) => {
        rounds += 1;
        await aborted(signal).catch(() => undefined);
        isOver = true;
        return 0;
      },
      onError: () => undefined,
    });
    loop.wake();

    await loop.stop();
    loop.wake();
    await loop.stop();

    expect({ rounds, isOver }).toEqual({ rounds: 1, isOver: true });
  });
});
