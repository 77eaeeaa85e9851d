/** Tests of cutting SQL text where SQLite would. */
import { describe, expect, it } from 'vitest';
import { splitStatements } from './split-statements.js';

const texts = (sql: string): string[] => splitStatements(sql).map((statement) => statement.sql);

describe('splitStatements', () => {
  it.each([
    ['a literal', "'", "'"],
    ['a literal of doubled quotes', "'" + "''".repeat(5_000_000), "'"],
    ['a blob', "X'", "'"],
    ['a quoted name', '"', '"'],
    ['a name in brackets', '[', ']'],
  ])('takes %s of ten megabytes', (_, opening, closing) => {
    const statement = `SELECT ${opening}${'a'.repeat(10_000_000)}${closing}`;

    const found = texts(`${statement}; SELECT ';'`);

    expect(found.map(({ length }) => length)).toEqual([statement.length, 10]);
  });

  it('ends a text that is left open at its end', () => {
    expect(texts(`SELECT 'a;''b`)).toEqual([`SELECT 'a;''b`]);
    expect(texts('SELECT [a;')).toEqual(['SELECT [a;']);
  });

  it('keeps a trigger whole, and does not wait for the body of one that has none', () => {
    const trigger = 'CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END';
    expect(texts(`${trigger}; SELECT 1`)).toEqual([trigger, 'SELECT 1']);
    expect(texts('CREATE TRIGGER broken; SELECT 2')).toEqual(['CREATE TRIGGER broken', 'SELECT 2']);
  });

  it('keeps its place after words that grow in upper case', () => {
    expect(texts('SELECT straße; SELECT 2')).toEqual(['SELECT straße', 'SELECT 2']);
  });
});
