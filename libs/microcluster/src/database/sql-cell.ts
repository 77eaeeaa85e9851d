/** A cell of a result as JSON shows it (`spec/core-api.md` 23.1). */
import { formatTime } from '../types/index.js';

/**
 * Numbers (`bigint` beyond 2^53), texts, booleans and null stay; times become RFC 3339, blobs texts, and the
 * infinities, which JSON lacks, the texts `+Inf` and `-Inf`.
 */
export function jsonCell(cell: unknown): unknown {
  if (cell instanceof Date) return formatTime(cell);
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('utf8');
  if (cell === Infinity) return '+Inf';
  if (cell === -Infinity) return '-Inf';
  return cell ?? null;
}
