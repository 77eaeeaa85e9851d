import { describe, expect, it } from 'vitest';
import { FifoGate } from './fifo-gate.js';

describe('FifoGate', () => {
  it('lets in as many as it holds, the others in the order in which they came', async () => {
    const gate = new FifoGate('Waiting', 2, 1000);
    const order: number[] = [];
    const leave = await Promise.all([gate.enter(), gate.enter()]);
    const waiting = [1, 2, 3].map(async (i) => {
      const left = await gate.enter();
      order.push(i);
      left();
    });
    expect(gate.waiting).toBe(3);
    leave[0]?.();
    leave[0]?.();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    leave[1]?.();
    expect(await Promise.all([gate.enter(), gate.enter()])).toHaveLength(2);
  });

  it('gives up at the deadline and when the signal aborts, without losing the place for others', async () => {
    const gate = new FifoGate('Waiting', 1, 1000);
    const leave = await gate.enter();
    const late = gate.enter({ deadlineMs: 5 });
    const controller = new AbortController();
    const aborted = gate.enter({ signal: controller.signal });
    const patient = gate.enter();
    controller.abort(new Error('changed my mind'));
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
    leave();
    (await patient)();
  });

  it('refuses all who wait when it closes, and all who come', async () => {
    const gate = new FifoGate('Waiting', 1, 1000);
    await gate.enter();
    const waiting = gate.enter();
    gate.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(gate.enter()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
