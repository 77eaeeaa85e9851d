/** Tests of waiting that an abort ends, whenever it comes. */
import { describe, expect, it } from 'vitest';
import { untilAbort } from './until-abort.js';

const never = new Promise<void>(() => undefined);

describe('untilAbort', () => {
  it('waits for the work', async () => {
    const { signal } = new AbortController();

    await expect(untilAbort(Promise.resolve('x'), signal)).resolves.toBe(true);
    await expect(untilAbort(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  });

  it('ends with an abort that comes while it waits', async () => {
    const controller = new AbortController();
    const wait = untilAbort(never, controller.signal);
    controller.abort();

    await expect(wait).resolves.toBe(false);
  });

  it('does not wait when the abort came before', async () => {
    await expect(untilAbort(never, AbortSignal.abort())).resolves.toBe(false);
  });
});
