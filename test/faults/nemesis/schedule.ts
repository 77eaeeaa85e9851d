/** Which faults come when: decided by the seed alone, so that a run can be repeated. */
import type { Random } from '../random.js';

/** One or two faults at the same time. */
export interface Moment {
  readonly faults: readonly string[];
  /** How long they last once they are in effect, milliseconds. */
  readonly durationMs: number;
  /** How long the cluster is left in peace afterwards, milliseconds. */
  readonly pauseMs: number;
  /** For whatever the faults choose themselves. */
  readonly seed: number;
}

const SHARE_OF_PAIRS = 0.3;
const DURATION_MS = { least: 2_000, most: 12_000 };
const PAUSE_MS = { least: 1_000, most: 5_000 };
const MAX_SEED = 2 ** 31;

/**
 * An endless schedule. Every fault comes before one comes again.
 *
 * @param names of the faults to choose from, in an order that does not change from run to run
 */
export function* schedule(random: Random, names: readonly string[]): Generator<Moment, never> {
  let rest: string[] = [];
  const next = (): string => {
    if (rest.length === 0) rest = random.shuffled(names);
    return rest.pop() ?? '';
  };
  for (;;) {
    const first = next();
    const isPair = random.fraction() < SHARE_OF_PAIRS;
    yield {
      faults: isPair ? [first, next()] : [first],
      durationMs: random.integer(DURATION_MS.least, DURATION_MS.most),
      pauseMs: random.integer(PAUSE_MS.least, PAUSE_MS.most),
      seed: random.integer(0, MAX_SEED),
    };
  }
}
