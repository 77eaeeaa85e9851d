/**
 * How many cases every property of the fuzz specs is tried with, and how a failure is found again.
 *
 * - `FUZZ_RUNS` multiplies the number of cases; default 1, with the same cases each time, so that what fails in CI is
 *   what a change has done. With more, they differ from run to run.
 * - `FUZZ_SEED` and `FUZZ_PATH` repeat a failure, which prints both.
 *
 * What a failure is about is kept where it was found: among the `examples` of its property, which are tried first.
 */
import fc from 'fast-check';

/** Cases of one property: enough to notice a parser that has come loose, few enough for every change. */
const CASES = 200;

const { FUZZ_RUNS = '1', FUZZ_PATH } = process.env;
const seed = process.env['FUZZ_SEED'] ?? (FUZZ_RUNS === '1' ? '20261127' : undefined);

fc.configureGlobal({
  numRuns: CASES * Number(FUZZ_RUNS),
  ...(seed !== undefined && { seed: Number(seed) }),
  ...(FUZZ_PATH !== undefined && { path: FUZZ_PATH }),
});
