/** Puts a database together from its records, within a transaction of the caller. */
import { MicroclusterError } from '../errors/microcluster-error.js';
import { SEQUENCES, type ContentsRecord, type SchemaObject, type TableRows } from './contents.js';
import { hasSequences, schemaObjects } from './read-contents.js';
import type { ConsoleCallOptions, ConsoleConnection } from './sql-console.js';
import { quoteName } from './sql-literals.js';
import { splitStatements } from './sql-splitter.js';

/** What was written. */
export interface WrittenContents {
  readonly tables: number;
  readonly rows: number;
}

/**
 * Makes the objects and rows of `records`, tables first; indexes, triggers and views come last, so that no
 * trigger fires for rows that were there before. Foreign keys must not be enforced on the connection.
 *
 * @param isWanted leaves out everything that belongs to a table, by the table's name
 * @throws MicroclusterError `BAD_REQUEST` for a record that no database yields; the database's own errors
 */
export async function writeContents(
  connection: ConsoleConnection,
  records: AsyncIterable<ContentsRecord>,
  isWanted: (table: string) => boolean,
  options: ConsoleCallOptions,
): Promise<WrittenContents> {
  const present = new Set(
    (await schemaObjects(connection, options)).map(({ name }) => name.toLowerCase()),
  );
  const later: SchemaObject[] = [];
  let [tables, rows] = [0, 0];
  for await (const record of records) {
    if (record.kind === 'rows') {
      if (record.table === SEQUENCES) await writeSequences(connection, record, isWanted, options);
      else if (isWanted(record.table)) rows += await insert(connection, record, options);
    } else if (isWanted(record.table)) {
      if (record.type !== 'table') later.push(record);
      else {
        await createTable(connection, record, present, options);
        tables += 1;
      }
    }
  }
  for (const object of later) await create(connection, object, options);
  return { tables, rows };
}

/** Drops every table that is `isWanted`, with what belongs to it, and every view. */
export async function dropContents(
  connection: ConsoleConnection,
  isWanted: (table: string) => boolean,
  options: ConsoleCallOptions,
): Promise<void> {
  const objects = (await schemaObjects(connection, options)).filter(({ table }) => isWanted(table));
  const isVirtual = ({ sql }: SchemaObject) => /^CREATE VIRTUAL TABLE\b/i.test(sql);
  // Views first, as they may name tables; virtual tables take the tables that they are made of with them.
  const order = [
    ...objects.filter(({ type }) => type === 'view'),
    ...objects.filter(isVirtual),
    ...objects.filter((object) => object.type === 'table' && !isVirtual(object)),
  ];
  for (const { type, name } of order) {
    await connection.run(`DROP ${type} IF EXISTS ${quoteName(name)}`, [], options);
  }
}

/** A table that a virtual one was made of is there already; its rows are not the ones that are wanted. */
async function createTable(
  connection: ConsoleConnection,
  table: SchemaObject,
  present: Set<string>,
  options: ConsoleCallOptions,
): Promise<void> {
  if (present.has(table.name.toLowerCase())) {
    await connection.run(`DELETE FROM ${quoteName(table.name)}`, [], options);
    return;
  }
  await create(connection, table, options);
  for (const { name } of await schemaObjects(connection, options)) present.add(name.toLowerCase());
}

async function create(
  connection: ConsoleConnection,
  { type, name, sql }: SchemaObject,
  options: ConsoleCallOptions,
): Promise<void> {
  const statements = splitStatements(sql);
  const [word, ...rest] = statements[0]?.opening ?? [];
  if (statements.length !== 1 || word !== 'CREATE' || !rest.includes(type.toUpperCase())) {
    const reason = `The statement of the ${type} "${name}" does not make one`;
    throw new MicroclusterError('BAD_REQUEST', { reason });
  }
  await connection.run(sql, [], options);
}

async function insert(
  connection: ConsoleConnection,
  { table, columns, rows }: TableRows,
  options: ConsoleCallOptions,
): Promise<number> {
  if (rows.length === 0) return 0;
  const values = rows.map((cells) => {
    if (cells.length === columns.length) return `(${cells.join(',')})`;
    const reason = `A row of the table "${table}" has ${cells.length} cells instead of ${columns.length}`;
    throw new MicroclusterError('BAD_REQUEST', { reason });
  });
  const names = columns.map(quoteName).join(',');
  await connection.run(
    `INSERT INTO ${quoteName(table)} (${names}) VALUES ${values.join(',')}`,
    [],
    options,
  );
  return rows.length;
}

/** Sets the counters of the tables that were written, and leaves the others alone. */
async function writeSequences(
  connection: ConsoleConnection,
  { columns, rows }: TableRows,
  isWanted: (table: string) => boolean,
  options: ConsoleCallOptions,
): Promise<void> {
  if (!(await hasSequences(connection, options))) return;
  const [name, sequence] = [columns.indexOf('name'), columns.indexOf('seq')];
  for (const row of rows) {
    const [table, value] = [row[name], row[sequence]];
    if (table === undefined || value === undefined || !isWanted(textOf(table))) continue;
    await connection.run(`DELETE FROM ${SEQUENCES} WHERE name = ${table}`, [], options);
    await connection.run(
      `INSERT INTO ${SEQUENCES} (name, seq) VALUES (${table}, ${value})`,
      [],
      options,
    );
  }
}

/** The text that a literal stands for. */
function textOf(literal: string): string {
  return literal.replace(/^'|'$/g, '').replaceAll("''", "'");
}
