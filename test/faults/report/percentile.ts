/** Order statistics of a few measurements. */

/**
 * @param share of the values that are at most the result, from 0 to 1
 * @returns the nearest value that was measured; undefined when nothing was
 */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
