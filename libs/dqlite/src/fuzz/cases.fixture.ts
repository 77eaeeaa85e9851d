/** How many cases a property is tried with whose cases are dearer than others. */
import fc from 'fast-check';

/** @param share of the cases that `setup.fixture.ts` sets; at least one case */
export function casesOf(share: number): { readonly numRuns: number } {
  const { numRuns = 100 } = fc.readConfigureGlobal();
  return { numRuns: Math.max(1, Math.round(numRuns * share)) };
}
