import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { timeLimit } from './time-limit.js';

setFlagsFromString('--expose_gc');
const collectGarbage: unknown = runInNewContext('gc');

function collect(): void {
  if (typeof collectGarbage !== 'function') throw new Error('gc is not exposed');
  Reflect.apply(collectGarbage, undefined, []);
}

describe('a time limit', () => {
  it('fires although only a combined signal refers to it and garbage is collected meanwhile', async () => {
    const other = new AbortController();
    const combine = () => AbortSignal.any([other.signal, timeLimit(200)]);
    const collecting = setInterval(collect, 20);
    try {
      const reason: unknown = await new Promise((resolve) => {
        const signal = combine();
        signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
      });
      expect(reason).toMatchObject({ name: 'TimeoutError' });
    } finally {
      clearInterval(collecting);
    }
  });
});
