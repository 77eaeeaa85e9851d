/** Prints a list in the format that the operator chose (`spec/core-api.md` 23.4). */
import { stringify } from 'yaml';
import { compactTable, csv, gridTable } from './table.js';

const FORMATS = ['table', 'json', 'yaml', 'csv', 'compact'] as const;
export type Format = (typeof FORMATS)[number];

export interface Listing {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The same as the API gave it, for json and yaml. */
  readonly objects: unknown;
  /** The rows are in an order that means something, and keep it. Default `false`. */
  readonly isSorted?: boolean;
}

/** @throws Error `Invalid format "x"` for anything but the five formats */
export function assertFormat(format: string): asserts format is Format {
  if (!FORMATS.some((known) => known === format)) throw new Error(`Invalid format "${format}"`);
}

/** The text of a listing, ending in a newline unless it is empty. */
export function render(format: Format, listing: Listing): string {
  const rows = listing.isSorted === true ? listing.rows : sortNaturally(listing.rows);
  switch (format) {
    case 'table':
      return gridTable(listing.header, rows);
    case 'compact':
      return compactTable(listing.header, rows);
    case 'csv':
      return csv(rows);
    case 'json':
      return `${jsonOf(listing.objects)}\n`;
    case 'yaml':
      return stringify(listing.objects, { indentSeq: false, lineWidth: 0 });
  }
}

const collator = new Intl.Collator('en', { numeric: true });

/** Rows in the order of their columns, with numbers inside text counted as numbers: c2 before c10. */
function sortNaturally(rows: readonly (readonly string[])[]): (readonly string[])[] {
  return [...rows].sort((a, b) => {
    for (let column = 0; column < Math.max(a.length, b.length); column += 1) {
      const order = collator.compare(a[column] ?? '', b[column] ?? '');
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** JSON on one line. A bigint becomes a number with all its digits. */
function jsonOf(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, of]) => `${JSON.stringify(key)}:${jsonOf(of)}`);
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}
