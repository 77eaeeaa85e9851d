/** What a list of latencies says. */

/**
 * @param {number[]} latencies milliseconds
 * @param {number} elapsedMs how long the whole took
 * @param {number} failed attempts that ended in an error
 * @param {number} [cpuMicros] processor time of everybody involved
 */
export function summarise(latencies, elapsedMs, failed, cpuMicros) {
  const sorted = Float64Array.from(latencies).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
  return {
    operations: sorted.length,
    failed,
    perSecond: sorted.length / (elapsedMs / 1000),
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    ...(cpuMicros === undefined ? {} : { cpuMicros: cpuMicros / sorted.length }),
  };
}
