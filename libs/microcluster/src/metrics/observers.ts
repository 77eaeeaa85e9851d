/** What fills the histograms: called with every request and every transaction, so every step here counts. */
import type { TransactionObserver } from '@microcluster/dqlite';
import type { RequestObserver } from '../listeners/index.js';
import type { DurationHistogram, Durations } from './duration-histogram.js';

/** Methods that get a label of their own; a client may send others. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const STATUS_CLASSES = ['aborted', '1xx', '2xx', '3xx', '4xx', '5xx'];

/** Finds a series by two texts, the first of which is the same object each time. */
class SeriesTable {
  private readonly rows = new Map<string, Map<string, Durations>>();

  constructor(private readonly make: (first: string, second: string) => Durations) {}

  find(first: string, second: string): Durations {
    let row = this.rows.get(first);
    if (row === undefined) this.rows.set(first, (row = new Map()));
    let series = row.get(second);
    if (series === undefined) row.set(second, (series = this.make(first, second)));
    return series;
  }
}

/** Counts requests that are over. */
export function requestObserver(histogram: DurationHistogram): RequestObserver {
  const tables = new Map<string, SeriesTable[]>();
  const tablesOf = (listener: string): SeriesTable[] => {
    const made = STATUS_CLASSES.map(
      (status) =>
        new SeriesTable((route, method) => histogram.add({ listener, method, route, status })),
    );
    tables.set(listener, made);
    return made;
  };
  return ({ listener, method, route, status = 0, durationMs }) => {
    const byStatus = tables.get(listener) ?? tablesOf(listener);
    const table = byStatus[Math.floor(status / 100)] ?? byStatus[0];
    table?.find(route, METHODS.has(method) ? method : 'other').observe(durationMs);
  };
}

/** Counts transactions that are over. */
export function transactionObserver(histogram: DurationHistogram): TransactionObserver {
  const table = new SeriesTable((kind, outcome) => histogram.add({ kind, outcome }));
  return ({ kind, outcome, durationMs }) => {
    table.find(kind, outcome).observe(durationMs);
  };
}
