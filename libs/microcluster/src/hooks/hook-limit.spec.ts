/** Hooks that end in time, too late, or never. */
import { expect, it } from 'vitest';
import { runWithin } from './hook-limit.js';

const LONG_MS = 60_000;
const never = new Promise<void>(() => undefined);
const { signal } = new AbortController();

it('a hook that ends in time ends as it likes', async () => {
  const limit = { hook: 'heartbeat', limitMs: LONG_MS, signal } as const;
  await expect(runWithin(limit, () => Promise.resolve())).resolves.toBeUndefined();
  const failure = new Error('not today');
  await expect(runWithin(limit, () => Promise.reject(failure))).rejects.toBe(failure);
});

it('a hook that hangs is told at its limit, and named', async () => {
  let told: AbortSignal | undefined;
  const run = runWithin({ hook: 'postRemove', limitMs: 20, signal }, (given) => {
    told = given;
    return never;
  });
  await expect(run).rejects.toMatchObject({
    code: 'HOOK_TIMEOUT',
    status: 503,
    message: 'The hook "postRemove" has not ended within 20 ms and is no longer waited for',
  });
  expect(told?.aborted).toBe(true);
});

it('a hook that ends with its signal has reached its limit as well', async () => {
  const run = runWithin(
    { hook: 'heartbeat', limitMs: 20, signal },
    (given) =>
      new Promise((_resolve, reject) => {
        given.addEventListener('abort', () => reject(given.reason));
      }),
  );
  await expect(run).rejects.toMatchObject({ code: 'HOOK_TIMEOUT' });
});

it('a hook is not waited for by who has given up', async () => {
  const gone = new AbortController();
  const run = runWithin({ hook: 'heartbeat', limitMs: LONG_MS, signal: gone.signal }, () => never);
  const reason = new Error('the database is closing');
  gone.abort(reason);
  await expect(run).rejects.toBe(reason);
});
