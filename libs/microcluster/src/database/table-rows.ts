/** The rows of a table as SQL literals, one at a time. */
import { z } from 'zod';
import type { ConsoleCallOptions, ConsoleConnection } from './sql-console.js';
import { cellLiteralSql, quoteName } from './sql-literals.js';

/** What is needed to read a table and to fill a copy of it. */
export interface TableShape {
  /** The columns that an INSERT takes; generated ones are computed again. */
  readonly columns: readonly string[];
  /** The clause that brings rows into their order; the empty text where there is none. */
  readonly order: string;
}

const columnRow = z.tuple([z.string(), z.coerce.number(), z.coerce.number()]);
const cellsOfChunk = z.array(z.string());

/** SQLite allows 127 arguments to a function; each chunk of a row's cells is one `json_array`. */
const CHUNK = 100;

/** Finds the columns of `table`, and how its rows are ordered. */
export async function tableShape(
  connection: ConsoleConnection,
  table: string,
  options: ConsoleCallOptions,
): Promise<TableShape> {
  const { rows } = await connection.run(
    'SELECT name, hidden, pk FROM pragma_table_xinfo(?)',
    [table],
    options,
  );
  const all = rows.map((row) => columnRow.parse(row));
  const columns = all.filter(([, hidden]) => hidden === 0).map(([name]) => name);
  const taken = new Set(all.map(([name]) => name.toLowerCase()));
  const alias = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  const hasRowid = alias !== undefined && !(await isWithoutRowid(connection, table, options));
  return { columns, order: hasRowid ? ` ORDER BY ${alias}` : '' };
}

/** The rows of `table`, each as the literals of its columns in the order of {@link tableShape}. */
export async function* literalRows(
  connection: ConsoleConnection,
  table: string,
  options: ConsoleCallOptions,
  shape?: TableShape,
): AsyncGenerator<readonly string[], void, undefined> {
  const { columns, order } = shape ?? (await tableShape(connection, table, options));
  const chunks: string[] = [];
  for (let start = 0; start < columns.length; start += CHUNK) {
    const cells = columns.slice(start, start + CHUNK).map(cellLiteralSql);
    chunks.push(`json_array(${cells.join(', ')}) AS c${chunks.length}`);
  }
  const rows = connection.stream(
    `SELECT ${chunks.join(', ')} FROM ${quoteName(table)}${order}`,
    [],
    options,
  );
  for await (const row of rows) {
    yield chunks.flatMap((_chunk, index) => {
      const chunk: unknown = row[`c${index}`];
      return cellsOfChunk.parse(JSON.parse(String(chunk)));
    });
  }
}

/** The primary key's index of such a table is the table itself, so the schema does not list it. */
async function isWithoutRowid(
  connection: ConsoleConnection,
  table: string,
  options: ConsoleCallOptions,
): Promise<boolean> {
  const { rows } = await connection.run(
    `SELECT count(*) FROM pragma_index_list(?) AS list LEFT JOIN sqlite_master AS master ON master.name = list.name
       WHERE list.origin = 'pk' AND master.name IS NULL`,
    [table],
    options,
  );
  return Number(rows[0]?.[0]) > 0;
}
