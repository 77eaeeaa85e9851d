/** A database taken apart into records that can be stored and put together again, on either engine. */
import { z } from 'zod';

const objectSchema = z.object({
  kind: z.literal('object'),
  type: z.enum(['table', 'index', 'trigger', 'view']),
  name: z.string(),
  /** The table that it belongs to; a table's own name. */
  table: z.string(),
  /** The statement that makes it. */
  sql: z.string(),
});

/** Only literals: what is read from a file becomes part of a statement. */
const literal = z
  .string()
  .regex(
    /^(NULL|[+-]?\d+(\.\d+)?(e[+-]?\d+)?(\/\d+(\.\d+)?e[+-]?\d+)?|X'[0-9A-F]*'|CAST\(X'[0-9A-F]*' AS TEXT\)|'(?:[^'\0]|'')*')$/i,
    { error: 'is no literal' },
  );

const rowsSchema = z.object({
  kind: z.literal('rows'),
  table: z.string(),
  columns: z.array(z.string()).min(1),
  /** The cells as SQL literals. */
  rows: z.array(z.array(literal)),
});

/** One part of a database: an object of its schema, or rows of a table that came before. */
export const contentsRecordSchema = z.discriminatedUnion('kind', [objectSchema, rowsSchema]);
export type SchemaObject = z.output<typeof objectSchema>;
export type TableRows = z.output<typeof rowsSchema>;
export type ContentsRecord = z.output<typeof contentsRecordSchema>;

/** SQLite's own table of the counters behind AUTOINCREMENT; it has no statement that makes it. */
export const SEQUENCES = 'sqlite_sequence';
