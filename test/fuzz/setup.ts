/**
 * How many cases every property of the fuzz specs is tried with, and how a failure is found again.
 *
 * - `FUZZ_RUNS` multiplies the number of cases; default 1.
 * - `FUZZ_SEED` and `FUZZ_PATH` repeat a failure, which prints both.
 *
 * What a failure is about is kept where it was found: among the `examples` of its property, which are tried first.
 */
import fc from 'fast-check';

/** Cases of one property: enough to notice a parser that has come loose, few enough for every change. */
const CASES = 200;

const { FUZZ_RUNS = '1', FUZZ_SEED, FUZZ_PATH } = process.env;

fc.configureGlobal({
  numRuns: CASES * Number(FUZZ_RUNS),
  ...(FUZZ_SEED !== undefined && { seed: Number(FUZZ_SEED) }),
  ...(FUZZ_PATH !== undefined && { path: FUZZ_PATH }),
});
