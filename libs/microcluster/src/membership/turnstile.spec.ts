import { describe, expect, it } from 'vitest';
import { Turnstile } from './turnstile.js';

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
      turnstile.pass(operation('a', false)),
      turnstile.pass(operation('b', true)),
      turnstile.pass(operation('c', false)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('turns away what does not fit in the queue, and takes more when it is shorter', async () => {
    const turnstile = new Turnstile(1);
    let open = () => {};
    const door = new Promise<void>((resolve) => {
      open = resolve;
    });
    const inside = [turnstile.pass(() => door), turnstile.pass(() => door)];
    await expect(turnstile.pass(() => door)).rejects.toMatchObject({
      code: 'BUSY_MEMBERSHIP',
      status: 503,
    });
    open();
    await Promise.all(inside);
    await expect(turnstile.pass(() => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('does not begin what was given up while it waited', async () => {
    const turnstile = new Turnstile(10);
    let open = () => {};
    const door = new Promise<void>((resolve) => {
      open = resolve;
    });
    const first = turnstile.pass(() => door);
    const gone = new AbortController();
    let hasRun = false;
    const second = turnstile.pass(() => {
      hasRun = true;
      return Promise.resolve();
    }, gone.signal);
    gone.abort(new Error('the client went away'));
    open();
    await first;
    await expect(second).rejects.toThrow('the client went away');
    expect(hasRun).toBe(false);
  });
});
