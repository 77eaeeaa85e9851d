import { describe, expect, it } from 'vitest';
import { percentile } from './percentile.js';
import { reportText } from './print.js';
import { isClean, type RunReport } from './report.js';

const REPORT: RunReport = {
  seed: 7,
  members: 3,
  network: 'loopback',
  machine: { processors: '2 x a processor', memoryGiB: 4, node: 'v20.0.0', load: [0.5, 2, 1] },
  durationMs: 61_000,
  workloads: [
    { name: 'set', counts: { ok: 9, failed: 1, unknown: 2 }, violations: [], undecided: [] },
  ],
  injected: [
    {
      faults: ['kill', 'delay'],
      durationMs: 1,
      pauseMs: 1,
      seed: 1,
      at: 0,
      skipped: ['delay: not possible here'],
      recoveryMs: 1500,
      elections: 1,
    },
  ],
  unavailabilityMs: [1000, 3000, 2000],
};

describe('a report', () => {
  it('says how to repeat the run, and what it has shown', () => {
    const text = reportText(REPORT);
    expect(text).toContain('seed 7, 3 members');
    expect(text).toContain('2 x a processor, 4 GiB, Node v20.0.0, load 0.5 to 2.0, median 1.0');
    expect(text).toContain('set: 9 ok, 1 failed, 2 unknown');
    expect(text).toContain('faults: kill 1\n');
    expect(text).toContain('p50 2.0 s, p99 3.0 s, longest 3.0 s (3 times)');
    expect(text).toContain('no violations');
    expect(isClean(REPORT)).toBe(true);
  });

  it('shows violations with their evidence, and is not clean then', () => {
    const workloads = [
      {
        name: 'bank',
        counts: { ok: 1, failed: 0, unknown: 0 },
        violations: [{ what: 'the bank holds 1', evidence: ['client 3'] }],
        undecided: [],
      },
    ];
    const bad = { ...REPORT, workloads };
    expect(reportText(bad)).toContain('violation (bank): the bank holds 1\n    client 3');
    expect(isClean(bad)).toBe(false);
    expect(isClean({ ...REPORT, failure: 'no leader' })).toBe(false);
  });

  it.each([
    [0.5, 5],
    [0.99, 10],
    [0, 1],
  ])('takes the percentile %d of one to ten to be %d', (share, value) => {
    expect(percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share)).toBe(value);
  });
});
