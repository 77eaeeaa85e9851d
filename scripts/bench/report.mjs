/** The figures as a table for people. */

const COLUMNS = [
  'case',
  'workers',
  'op',
  'ops/s',
  'p50 ms',
  'p99 ms',
  'failed',
  'ops/s ratio',
  'p50 ratio',
];

/**
 * @param {{name: string, workers: number, operation: string, figures: object, comparedWith?: string}[]} results
 */
export function table(results) {
  const rows = results.map((result) => {
    const { name, workers, operation, figures, comparedWith } = result;
    const base = results.find(
      (other) =>
        other.name === comparedWith && other.workers === workers && other.operation === operation,
    );
    const ratio = (key) => (base ? (figures[key] / base.figures[key]).toFixed(2) : '');
    return [
      name,
      String(workers),
      operation,
      figures.perSecond.toFixed(0),
      figures.p50.toFixed(2),
      figures.p99.toFixed(2),
      String(figures.failed),
      base ? `${ratio('perSecond')} of ${comparedWith}` : '',
      ratio('p50'),
    ];
  });
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
