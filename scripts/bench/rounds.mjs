/** Measures cases in turn, so that whatever else the machine does hits all of them, and condenses the rounds. */

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string | undefined} comparedWith name of the case that the ratios refer to
 * @property {string} operation
 * @property {() => Promise<object>} run measures once; returns figures, see statistics.mjs
 */

/**
 * Runs each case once in every round, in alternating order. The figures are medians over the rounds; the ratios are
 * medians of the rounds' ratios.
 *
 * @param {readonly Case[]} cases
 * @param {{workers: number, rounds: number, log: (text: string) => void}} options
 */
export async function inTurn(cases, { workers, rounds, log }) {
  const measured = new Map(cases.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, operation, run } of round % 2 === 0 ? cases : cases.toReversed()) {
      const figures = await run();
      measured.get(name).push(figures);
      const { perSecond, p50, failed } = figures;
      log(
        `${operation}, ${workers} workers, round ${round + 1}: ${name} ${perSecond.toFixed(0)}/s, ` +
          `p50 ${p50.toFixed(2)} ms, ${failed} failed`,
      );
    }
  }
  return cases.map(({ name, operation, comparedWith }) => {
    const own = measured.get(name);
    const base = measured.get(comparedWith);
    const ratios =
      base === undefined
        ? undefined
        : { comparedWith, perSecond: ratio(own, base, 'perSecond'), p50: ratio(own, base, 'p50') };
    return { name, workers, operation, figures: condensed(own), ratios, rounds: own };
  });
}

function condensed(rounds) {
  const of = (key) => median(rounds.map((figures) => figures[key]));
  const sum = (key) => rounds.reduce((total, figures) => total + figures[key], 0);
  return {
    operations: sum('operations'),
    failed: sum('failed'),
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    max: Math.max(...rounds.map(({ max }) => max)),
    cpuMicros: of('cpuMicros'),
  };
}

function ratio(own, base, key) {
  return median(own.map((figures, round) => figures[key] / base[round][key]));
}

function median(values) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
