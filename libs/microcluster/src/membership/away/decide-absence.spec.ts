import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRemovedBy, type PeerVerdict } from './decide-absence.js';

const verdict = fc.constantFrom<PeerVerdict>('accepts', 'refuses', 'unclear');

describe('whether the cluster removed this member', () => {
  it.each<[PeerVerdict[], boolean]>([
    [[], false],
    [['refuses'], true],
    [['unclear'], false],
    [['refuses', 'unclear'], false],
    [['refuses', 'refuses'], true],
    [['refuses', 'refuses', 'unclear'], false],
    [['refuses', 'refuses', 'unclear', 'unclear'], false],
    [['refuses', 'refuses', 'refuses', 'unclear'], true],
    [['refuses', 'refuses', 'refuses', 'accepts'], false],
  ])('%j: %s', (verdicts, expected) => {
    expect(isRemovedBy(verdicts)).toBe(expected);
  });

  it('is denied as soon as one member accepts us, and never concluded without a refusal', () => {
    fc.assert(
      fc.property(fc.array(verdict, { maxLength: 12 }), (verdicts) => {
        fc.pre(verdicts.includes('accepts') || !verdicts.includes('refuses'));
        expect(isRemovedBy(verdicts)).toBe(false);
      }),
    );
  });

  it('is concluded only with more refusals than a minority of the known members could give', () => {
    fc.assert(
      fc.property(fc.array(verdict, { minLength: 2, maxLength: 12 }), (verdicts) => {
        const refusals = verdicts.filter((one) => one === 'refuses').length;
        fc.pre(isRemovedBy(verdicts));
        expect(refusals * 2).toBeGreaterThan(verdicts.length);
      }),
    );
  });
});
