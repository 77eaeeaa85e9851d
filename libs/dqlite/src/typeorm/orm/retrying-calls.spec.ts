import { QueryFailedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { DqliteError } from '../../errors/index.js';
import { currentOptions } from './query-options.js';
import { retryingCalls } from './retrying-calls.js';

const DEADLINE_MS = 10_000;
const busy = new DqliteError('BUSY', { address: 'a:1', reason: 'database is locked' });
const unknown = new DqliteError('OUTCOME_UNKNOWN', { address: 'a:1', reason: 'it was cut' });

function failed(driverError: Error): QueryFailedError {
  return new QueryFailedError('COMMIT', [], driverError);
}

/** Work that fails with each of `errors`, and succeeds then; the answer is how often it was called. */
function failingWith(...errors: readonly Error[]): () => Promise<number> {
  let calls = 0;
  return () => {
    const error = errors[calls];
    calls += 1;
    return error === undefined ? Promise.resolve(calls) : Promise.reject(error);
  };
}

describe('work on the database', () => {
  it.each([
    ['itself', busy],
    ["TypeORM's error", failed(busy)],
    ['what the work made of it', new Error('no note was added', { cause: failed(busy) })],
  ])('is done again when the database says, by %s, that nothing happened', async (_how, error) => {
    expect(await retryingCalls(failingWith(error, error), {}, DEADLINE_MS)).toBe(3);
  });

  it.each([
    ['its own error', new Error('the name is taken')],
    ['a constraint', failed(new DqliteError('CONSTRAINT', { reason: 'UNIQUE' }))],
    ['an unknown outcome', failed(unknown)],
  ])('is done once when it fails with %s, which is passed on', async (_what, error) => {
    await expect(retryingCalls(failingWith(error), {}, DEADLINE_MS)).rejects.toBe(error);
  });

  it('that does no harm twice is done again when its outcome is unknown', async () => {
    const work = failingWith(failed(unknown));
    expect(await retryingCalls(work, { idempotent: true }, DEADLINE_MS)).toBe(2);
  });

  it('has one deadline for all attempts, and ends with the last error when it is over', async () => {
    const left: (number | undefined)[] = [];
    const lost = failed(new DqliteError('LEADERSHIP_LOST', { address: 'a:1' }));
    const work = () => {
      left.push(currentOptions().deadlineMs);
      return Promise.reject(lost);
    };
    await expect(retryingCalls(work, { deadlineMs: 50 }, DEADLINE_MS)).rejects.toBe(lost);
    expect(left.length).toBeGreaterThan(1);
    expect(left).toEqual(left.toSorted((a, b) => (b ?? 0) - (a ?? 0)));
    expect(left[0]).toBeLessThanOrEqual(50);
  });

  it('is not begun again when its signal aborts', async () => {
    const cancelling = new AbortController();
    let calls = 0;
    const work = () => {
      calls += 1;
      cancelling.abort();
      return Promise.reject(failed(busy));
    };
    await expect(
      retryingCalls(work, { signal: cancelling.signal }, DEADLINE_MS),
    ).rejects.toMatchObject({ code: 'ABORTED' });
    expect(calls).toBe(1);
  });
});
