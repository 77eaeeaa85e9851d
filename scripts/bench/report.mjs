/** The figures as a table for people. */

const COLUMNS = [
  'case',
  'workers',
  'op',
  'ops/s',
  'p50 ms',
  'p99 ms',
  'failed',
  'cpu us/op',
  'ops/s ratio',
  'p50 ratio',
];

/**
 * @param {{name: string, workers: number, operation: string, figures: object,
 *   ratios?: {comparedWith: string, perSecond: number, p50: number}}[]} results
 */
export function table(results) {
  const rows = results.map(({ name, workers, operation, figures, ratios }) => [
    name,
    String(workers),
    operation,
    figures.perSecond.toFixed(0),
    figures.p50.toFixed(2),
    figures.p99.toFixed(2),
    String(figures.failed),
    figures.cpuMicros?.toFixed(0) ?? '',
    ratios ? `${ratios.perSecond.toFixed(2)} of ${ratios.comparedWith}` : '',
    ratios?.p50.toFixed(2) ?? '',
  ]);
  const widths = COLUMNS.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at].length)),
  );
  const line = (cells) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]))
      .join('  ')
      .trimEnd();
  return [line(COLUMNS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join(
    '\n',
  );
}

/** @param {{daemonMiB: number, databaseMiB: number}} memory of an idle daemon */
export function memoryLine({ daemonMiB, databaseMiB }) {
  return `\nidle daemon: ${daemonMiB} MiB, its database process: ${databaseMiB} MiB`;
}
