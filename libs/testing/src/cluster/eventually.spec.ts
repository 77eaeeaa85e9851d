/** Waiting with a limit. */
import { describe, expect, it } from 'vitest';
import { WaitedInVain, eventually } from './eventually.js';

describe('eventually', () => {
  it('repeats the attempt until it finds something', async () => {
    let attempts = 0;
    const found = eventually('the third', 5_000, async () => {
      attempts += 1;
      return attempts < 3 ? undefined : attempts;
    });
    expect(await found).toBe(3);
  });

  it('gives up at the limit, with the last reason', async () => {
    const waiting = eventually('rain', 60, async () => {
      throw new Error('sunshine');
    });
    await expect(waiting).rejects.toThrow(
      new WaitedInVain('Waited 60 ms in vain for rain: sunshine'),
    );
  });

  it('does not wait for an attempt that hangs', async () => {
    const waiting = eventually('an answer', 60, () => new Promise<undefined>(() => undefined));
    await expect(waiting).rejects.toThrow('the last attempt did not end');
  });
});
