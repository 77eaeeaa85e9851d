import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitStatements } from './sql-splitter.js';

function texts(sql: string): string[] {
  return splitStatements(sql).map((statement) => statement.sql);
}

describe('splitting', () => {
  it.each<[string, string, string[]]>([
    ['nothing', '', []],
    ['separators only', ' ;\n; ;', []],
    ['comments only', '-- a; b\n/* c; d */;', []],
    ['two statements', 'select 1; select 2', ['select 1', 'select 2']],
    ['a semicolon in a literal', "select ';'", ["select ';'"]],
    ['a doubled quote', "select 'it''s; fine'; select 2", ["select 'it''s; fine'", 'select 2']],
    [
      'quoted identifiers',
      'select 1 as "a;""b"; select `c;d`, [e;f] from t',
      ['select 1 as "a;""b"', 'select `c;d`, [e;f] from t'],
    ],
    [
      'comments around',
      '-- first;\nselect 1 /* in;side */ + 1 -- after;\n; select 2',
      ['select 1 /* in;side */ + 1', 'select 2'],
    ],
    ['an open comment', 'select 1 /* open; select 2', ['select 1']],
    ['an open literal', "select 'open; select 2", ["select 'open; select 2"]],
    ['a dash that is no comment', 'select 1 - -1; select 2', ['select 1 - -1', 'select 2']],
    [
      'a transaction',
      'BEGIN; insert into t values(1); END;',
      ['BEGIN', 'insert into t values(1)', 'END'],
    ],
    ['words with unicode', 'select é; select 2', ['select é', 'select 2']],
  ])('%s', (_what, sql, expected) => {
    expect(texts(sql)).toEqual(expected);
  });

  it.each([
    'CREATE TRIGGER a AFTER INSERT ON t BEGIN INSERT INTO u VALUES (1); DELETE FROM v; END',
    'create temp trigger if not exists a after insert on t begin select 1; end',
    'CREATE TEMPORARY TRIGGER a AFTER UPDATE ON t WHEN new.x > 1 BEGIN SELECT 1; /* last; */ END',
    'CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 ELSE CASE 1 WHEN 1 THEN 3 END END; SELECT 4; END',
    'CREATE TRIGGER "begin" AFTER INSERT ON "end" BEGIN SELECT \'; END\'; END',
    'EXPLAIN CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; END',
  ])('keeps the trigger %s whole', (trigger) => {
    expect(texts(`select 1; ${trigger};\nselect 2;`)).toEqual(['select 1', trigger, 'select 2']);
  });

  it('does not take other CREATE statements for triggers', () => {
    expect(
      texts('CREATE TABLE trigger_begin (a); CREATE VIEW v AS SELECT 1; SELECT 2'),
    ).toHaveLength(3);
    expect(texts('CREATE TRIGGER broken; SELECT 2')).toHaveLength(2);
  });

  it('finds the same statements whatever stands between them', () => {
    const statement = fc.constantFrom(
      "select ';'",
      'select "a;b"',
      "insert into t values (1, 'x''y') returning *",
      'create trigger a after insert on t begin select 1; select case 1 when 1 then 2 end; end',
      'select /* ; */ 1',
    );
    const gap = fc.constantFrom(';', ' ;\n', ';;', '; -- note;\n', ';/* ; */', '\t;\r\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(statement, gap)), (parts) => {
        expect(texts(parts.map((part) => part.join('')).join(''))).toEqual(
          parts.map(([sql]) => sql),
        );
      }),
    );
  });

  it('survives any text, and loses none of its words', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`a;'"[]\`-/*\n ()`) }), (text) => {
        for (const statement of texts(text)) expect(text).toContain(statement);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('statements that return rows', () => {
  it.each([
    ['select 1', true],
    ['  VALUES (1)', true],
    ['/* c */ with x as (select 1) select * from x', true],
    ['with x as (select 1) insert into t select * from x', false],
    ['with x as (values (1)) delete from t where a in x returning a', true],
    ['pragma table_info(t)', true],
    ['explain insert into t values (1)', true],
    ['insert into t values (1)', false],
    ['insert into t values (1) returning id', true],
    ["insert into t values ('returning')", false],
    ['insert into t (a) select "returning" from u', false],
    ['update t set a = 1', false],
    ['replace into t values (1) RETURNING *', true],
    ['create table returning_ (a)', false],
    ['commit', false],
  ])('%s: %s', (sql, expected) => {
    expect(splitStatements(sql)[0]?.returnsRows).toBe(expected);
  });
});
