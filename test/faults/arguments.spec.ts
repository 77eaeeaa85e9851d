import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseOptions, USAGE } from './arguments.js';

describe('the command line', () => {
  it('takes what it is given', () => {
    const args = ['--seed', '7', '--minutes', '0.5', '--members', '5', '--workload', 'set,bank'];
    expect(parseOptions([...args, '--faults', 'kill,delay', '--kills', '0'])).toMatchObject({
      seed: 7,
      durationMs: 30_000,
      members: 5,
      workloads: ['set', 'bank'],
      faults: ['kill', 'delay'],
      leaderKills: 0,
    });
  });

  it('chooses another seed each time, which is a number that it would take', () => {
    const options = parseOptions([]);
    if (typeof options === 'string') throw new Error(options);
    expect(parseOptions(['--seed', String(options.seed)])).toMatchObject({ seed: options.seed });
  });

  it.each([
    [['--members', '4'], /odd/],
    [['--members', 'many'], /number from 3 to 5/],
    [['--workload', 'queue'], /register, lists, bank, set/],
    [['--faults', 'flood'], /no fault 'flood'/],
    [['--network', 'tokenring'], /namespaces/],
    [['--colour'], /colour/],
  ])('refuses %j', (args, reason) => {
    expect(parseOptions(args)).toMatch(reason);
  });

  it('takes the upgrade for a fault, and a program of it by its whole path', () => {
    const args = ['--faults', 'rolling-upgrade', '--upgrade-to', 'next.mjs'];
    expect(parseOptions(args)).toMatchObject({
      faults: ['rolling-upgrade'],
      upgradeTo: resolve('next.mjs'),
    });
  });

  it('explains itself', () => {
    expect(parseOptions(['--help'])).toBe(USAGE);
  });
});
