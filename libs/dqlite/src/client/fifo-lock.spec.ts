/** The queue of writers: order, hand-over, and those who give up. */
import { describe, expect, it } from 'vitest';
import { DqliteError } from '../errors/index.js';
import { Deadline } from './deadline.js';
import { FifoLock } from './fifo-lock.js';

const soon = (): Deadline => new Deadline({ deadlineMs: 60_000 });

describe('FifoLock', () => {
  it('serves those who wait in their order, and nobody overtakes them', async () => {
    const lock = new FifoLock('Waiting');
    const order: number[] = [];
    expect(lock.tryAcquire()).toBe(true);
    const waiters = [1, 2, 3].map(async (n) => {
      await lock.acquire(soon());
      order.push(n);
      lock.release();
    });

    lock.release();
    expect(lock.tryAcquire()).toBe(false); // Handed over already.
    await Promise.all(waiters);

    expect(order).toEqual([1, 2, 3]);
    expect(lock.taken).toBe(0);
  });

  it('hands over within the release, not after it', () => {
    const lock = new FifoLock('Waiting');
    const order: string[] = [];
    const refused = (error: DqliteError): never => {
      throw error;
    };
    lock.request(soon(), () => order.push('first'), refused);
    lock.request(soon(), () => order.push('second'), refused);
    order.push('released');

    lock.release();
    order.push('afterwards');

    expect(order).toEqual(['first', 'released', 'second', 'afterwards']);
  });

  it('has as many places as it was given', () => {
    const lock = new FifoLock('Waiting', 2);

    expect([lock.tryAcquire(), lock.tryAcquire(), lock.tryAcquire()]).toEqual([true, true, false]);
  });

  it('lets a waiter go at its deadline and serves the next', async () => {
    const lock = new FifoLock('Waiting for the pen');
    lock.tryAcquire();
    const impatient = lock.acquire(new Deadline({ deadlineMs: 10 }));
    const patient = lock.acquire(soon());

    await expect(impatient).rejects.toMatchObject({ code: 'TIMEOUT', message: /the pen/ });
    lock.release();
    await expect(patient).resolves.toBeUndefined();
  });

  it('lets a waiter go when it is cancelled', async () => {
    const lock = new FifoLock('Waiting');
    lock.tryAcquire();
    const controller = new AbortController();
    const waiter = lock.acquire(new Deadline({ signal: controller.signal }));
    controller.abort();

    await expect(waiter).rejects.toMatchObject({ code: 'ABORTED' });
    expect(lock.waiting).toBe(0);
    lock.release();
    expect(lock.taken).toBe(0);
  });

  it('rejects everybody when it is closed', async () => {
    const lock = new FifoLock('Waiting');
    lock.tryAcquire();
    const waiter = lock.acquire(soon());
    lock.close(new DqliteError('CLOSED', { what: 'The queue' }));

    await expect(waiter).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(lock.acquire(soon())).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
