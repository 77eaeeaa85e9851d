/** Options out of range are refused before anything is started. */
import { describe, expect, it } from 'vitest';
import { InProcessNode } from '../process/index.js';
import { dialTcp } from '../transport/index.js';
import { resolveOptions, type DqliteAppOptions } from './options.js';

const given: DqliteAppOptions = {
  directory: '/tmp',
  address: '127.0.0.1:9000',
  host: new InProcessNode(),
  dial: dialTcp,
};

describe('options', () => {
  it('have the defaults of the specification', () => {
    expect(resolveOptions(given)).toMatchObject({
      voters: 3,
      standBys: 3,
      failureDomain: 0n,
      adjustIntervalMs: 30_000,
      transport: { kind: 'tcp' },
    });
  });

  it.each([
    [{ voters: 1 }, 'voters'],
    [{ voters: 4 }, 'voters'],
    [{ voters: 3.5 }, 'voters'],
    [{ standBys: -1 }, 'standBys'],
    [{ adjustIntervalMs: 0 }, 'adjustIntervalMs'],
    [{ adjustIntervalMs: Number.NaN }, 'adjustIntervalMs'],
    [{ failureDomain: -1n }, 'failureDomain'],
    [{ weight: 2n ** 64n }, 'weight'],
    [{ weight: 2n ** 64n - 1n }, 'weight'],
  ])('refuse %o', (wrong, name) => {
    expect(() => resolveOptions({ ...given, ...wrong })).toThrow(`Option ${name}: it must be`);
  });
});
