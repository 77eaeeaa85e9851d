import { timeLimit } from '@microcluster/dqlite/time-limit';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../errors/index.js';
import { Turnstile } from './turnstile.js';

/** Of those who wait as long as it takes. */
const { signal } = new AbortController();

/** Something that an operation waits for until the test opens it. */
function closedDoor(): { readonly door: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const door = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { door, open };
}

describe('a turnstile', () => {
  it('lets one operation through at a time, in the order of arrival, whatever becomes of it', async () => {
    const turnstile = new Turnstile(10);
    const events: string[] = [];
    const operation = (name: string, fails: boolean) => async () => {
      events.push(`${name} begins`);
      await Promise.resolve();
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
    };
    const results = await Promise.allSettled([
      turnstile.pass(operation('a', false), signal),
      turnstile.pass(operation('b', true), signal),
      turnstile.pass(operation('c', false), signal),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('turns away what does not fit in the queue, and takes more when it is shorter', async () => {
    const turnstile = new Turnstile(1);
    const { door, open } = closedDoor();
    const inside = [turnstile.pass(() => door, signal), turnstile.pass(() => door, signal)];
    await expect(turnstile.pass(() => door, signal)).rejects.toMatchObject({
      code: 'BUSY_MEMBERSHIP',
      status: 503,
    });
    open();
    await Promise.all(inside);
    await expect(turnstile.pass(() => Promise.resolve('in'), signal)).resolves.toBe('in');
  });
});

describe('who waits at a turnstile', () => {
  it('leaves as soon as it gives up, and its operation never begins', async () => {
    const turnstile = new Turnstile(10);
    const { door, open } = closedDoor();
    const first = turnstile.pass(() => door, signal);
    const gone = new AbortController();
    let hasRun = false;
    const second = turnstile.pass(async () => {
      hasRun = true;
    }, gone.signal);
    gone.abort(new Error('the client went away'));
    await expect(second).rejects.toThrow('the client went away');
    open();
    await first;
    await turnstile.pass(() => Promise.resolve(), signal);
    expect(hasRun).toBe(false);
  });

  it('is told at its limit that the cluster is unavailable, as with a full queue', async () => {
    const turnstile = new Turnstile(10);
    const { door, open } = closedDoor();
    const first = turnstile.pass(() => door, signal);
    const failure: unknown = await turnstile
      .pass(() => door, timeLimit(20))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'TimeoutError' });
    expect(statusOf(failure)).toBe(503);
    open();
    await first;
  });

  it('gives its place to another when it leaves', async () => {
    const turnstile = new Turnstile(1);
    const { door, open } = closedDoor();
    const first = turnstile.pass(() => door, signal);
    const gone = new AbortController();
    const second = turnstile.pass(() => door, gone.signal);
    gone.abort(new Error('the client went away'));
    await expect(second).rejects.toThrow('the client went away');
    const third = turnstile.pass(() => Promise.resolve('in'), signal);
    await expect(turnstile.pass(() => door, signal)).rejects.toMatchObject({
      code: 'BUSY_MEMBERSHIP',
    });
    open();
    await first;
    await expect(third).resolves.toBe('in');
  });

  it('keeps its turn when others leave before it and behind it, and overtakes nobody', async () => {
    const turnstile = new Turnstile(10);
    const { door, open } = closedDoor();
    const events: string[] = [];
    const gone = new AbortController();
    const operation = (name: string) => async () => {
      events.push(`${name} begins`);
      await door;
      events.push(`${name} ends`);
    };
    const staying = [turnstile.pass(operation('a'), signal)];
    const leaving = [turnstile.pass(operation('b'), gone.signal)];
    staying.push(turnstile.pass(operation('c'), signal));
    leaving.push(turnstile.pass(operation('d'), gone.signal));
    staying.push(turnstile.pass(operation('e'), signal));
    gone.abort(new Error('the clients went away'));
    await Promise.allSettled(leaving);
    expect(events).toEqual(['a begins']);
    open();
    await Promise.all(staying);
    expect(events).toEqual(['a begins', 'a ends', 'c begins', 'c ends', 'e begins', 'e ends']);
  });

  it('is not cut once it has begun', async () => {
    const turnstile = new Turnstile(10);
    const { door, open } = closedDoor();
    const begun = closedDoor();
    const gone = new AbortController();
    const first = turnstile.pass(async () => {
      begun.open();
      await door;
      return 'done';
    }, gone.signal);
    await begun.door;
    gone.abort(new Error('the client went away'));
    const second = turnstile.pass(() => Promise.resolve('in'), signal);
    open();
    await expect(first).resolves.toBe('done');
    await expect(second).resolves.toBe('in');
  });
});
