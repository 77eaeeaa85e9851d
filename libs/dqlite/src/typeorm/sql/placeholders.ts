/** Finds the parameter markers of a statement, numbered as SQLite numbers them. */
import { tokens } from '../../client/sql-tokens.js';

/** A marker in the text, and which parameter (from 0) SQLite would bind to it. */
export interface Placeholder {
  readonly start: number;
  readonly end: number;
  readonly index: number;
}

/**
 * The markers in order of appearance: `?` is one more than the largest so far, `?7` is the seventh,
 * a name is a new number at its first appearance.
 */
export function findPlaceholders(sql: string): Placeholder[] {
  const found: Placeholder[] = [];
  const names = new Map<string, number>();
  let largest = 0;
  for (const { kind, text, start, end } of tokens(sql)) {
    if (kind !== 'parameter') continue;
    const number = text === '?' ? largest + 1 : (numbered(text) ?? names.get(text) ?? largest + 1);
    names.set(text, number);
    largest = Math.max(largest, number);
    found.push({ start, end, index: number - 1 });
  }
  return found;
}

function numbered(text: string): number | undefined {
  return text.startsWith('?') ? Number(text.slice(1)) : undefined;
}
