/** Takes a database apart within one transaction, which sees one state of it however long it takes. */
import { z } from 'zod';
import { SEQUENCES, type ContentsRecord, type SchemaObject } from './contents.js';
import type { ConsoleCallOptions, ConsoleConnection } from './sql-console.js';
import { literalRows, tableShape } from './table-rows.js';

/** Rows travel in records of about this many characters: few enough to hold, enough for few statements. */
const RECORD_CHARACTERS = 64 * 1024;

const objectRow = z.tuple([
  z.enum(['table', 'index', 'trigger', 'view']),
  z.string(),
  z.string(),
  z.string(),
]);

/**
 * Yields each object of the schema in the order of its creation, each table followed by its rows, and at the
 * end the AUTOINCREMENT counters.
 *
 * @param connection its transaction, which the caller has begun, is what is read
 */
export async function* readContents(
  connection: ConsoleConnection,
  options: ConsoleCallOptions,
): AsyncGenerator<ContentsRecord, void, undefined> {
  for (const object of await schemaObjects(connection, options)) {
    yield object;
    // The rows of a virtual table are those of the tables that it is made of.
    if (object.type !== 'table' || /^CREATE VIRTUAL TABLE\b/i.test(object.sql)) continue;
    yield* rowsOf(connection, object.name, options);
  }
  if (await hasSequences(connection, options)) yield* rowsOf(connection, SEQUENCES, options);
}

/** The objects that have a statement, in the order of their creation. */
export async function schemaObjects(
  connection: ConsoleConnection,
  options: ConsoleCallOptions,
): Promise<SchemaObject[]> {
  const { rows } = await connection.run(
    `SELECT type, name, tbl_name, sql FROM sqlite_master
       WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~' AND sql IS NOT NULL ORDER BY rowid`,
    [],
    options,
  );
  return rows.map((row) => {
    const [type, name, table, sql] = objectRow.parse(row);
    return { kind: 'object', type, name, table, sql };
  });
}

/** Whether the database counts AUTOINCREMENT keys. */
export async function hasSequences(
  connection: ConsoleConnection,
  options: ConsoleCallOptions,
): Promise<boolean> {
  const { rows } = await connection.run(
    `SELECT count(*) FROM sqlite_master WHERE name = '${SEQUENCES}'`,
    [],
    options,
  );
  return Number(rows[0]?.[0]) > 0;
}

async function* rowsOf(
  connection: ConsoleConnection,
  table: string,
  options: ConsoleCallOptions,
): AsyncGenerator<ContentsRecord, void, undefined> {
  const shape = await tableShape(connection, table, options);
  if (shape.columns.length === 0) return;
  const columns = [...shape.columns];
  let rows: string[][] = [];
  let characters = 0;
  for await (const cells of literalRows(connection, table, options, shape)) {
    rows.push([...cells]);
    characters += cells.reduce((sum, cell) => sum + cell.length, 0);
    if (characters < RECORD_CHARACTERS) continue;
    yield { kind: 'rows', table, columns, rows };
    rows = [];
    characters = 0;
  }
  if (rows.length > 0) yield { kind: 'rows', table, columns, rows };
}
