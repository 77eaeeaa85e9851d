/** What the client takes a statement for decides whether a server survives it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify, classifyAll } from './statement.js';

describe('classify', () => {
  it.each([
    ['SELECT 1', { kind: 'read', useQuery: true, writes: false }],
    ['values (1)', { kind: 'read', useQuery: true, writes: false }],
    ['-- hello\n/* insert */ select 1', { kind: 'read', useQuery: true }],
    ['EXPLAIN QUERY PLAN DELETE FROM t', { kind: 'read', useQuery: true, writes: false }],
    ['INSERT INTO t VALUES (1)', { kind: 'write', useQuery: false, writes: true }],
    ['REPLACE INTO t VALUES (1)', { kind: 'write', useQuery: false }],
    ['UPDATE t SET a = 1', { kind: 'write', useQuery: false }],
    ['DELETE FROM t', { kind: 'write', useQuery: false }],
    [
      'INSERT INTO t VALUES (1) RETURNING id',
      { returning: true, useQuery: true, needsTransaction: true },
    ],
    ['delete from t returning/**/*', { returning: true, useQuery: true, needsTransaction: true }],
    ["INSERT INTO t VALUES ('RETURNING')", { returning: false, useQuery: false }],
    ['INSERT INTO "returning" VALUES (1)', { returning: false, useQuery: false }],
    ['WITH x AS (SELECT 1) SELECT * FROM x', { kind: 'read', useQuery: true, writes: false }],
    ['WITH x(a) AS (SELECT 1) INSERT INTO t SELECT a FROM x', { kind: 'write', useQuery: false }],
    [
      'WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r), q AS (VALUES(2)) DELETE FROM t',
      { kind: 'write' },
    ],
    [
      'WITH x AS (SELECT 1) UPDATE t SET a = 1 RETURNING a',
      { kind: 'write', needsTransaction: true },
    ],
    ['WITH replace AS (SELECT 1) SELECT * FROM replace', { kind: 'read', writes: false }],
    ['BEGIN', { kind: 'begin', beginMode: 'deferred', writes: false }],
    ['begin immediate transaction', { kind: 'begin', beginMode: 'immediate', writes: true }],
    ['BEGIN EXCLUSIVE', { kind: 'begin', beginMode: 'exclusive', writes: true }],
    ['COMMIT', { kind: 'commit' }],
    ['END TRANSACTION', { kind: 'commit' }],
    ['ROLLBACK', { kind: 'rollback' }],
    ['ROLLBACK TO a', { kind: 'savepoint', savepoint: { action: 'rollback', name: 'A' } }],
    ['ROLLBACK TRANSACTION TO SAVEPOINT "a b"', { savepoint: { action: 'rollback', name: 'A B' } }],
    ['SAVEPOINT x', { kind: 'savepoint', savepoint: { action: 'open', name: 'X' } }],
    ['RELEASE SAVEPOINT x', { kind: 'savepoint', savepoint: { action: 'release', name: 'X' } }],
    ['CREATE TABLE t (a)', { kind: 'ddl', taints: false }],
    ['CREATE TEMP TABLE t (a)', { kind: 'ddl', taints: true }],
    ['CREATE TABLE temp.t (a)', { kind: 'ddl', taints: true }],
    ['create view if not exists "Temp" . v AS SELECT 1', { kind: 'ddl', taints: true }],
    ['CREATE UNIQUE INDEX [TEMP].i ON t (a)', { kind: 'ddl', taints: true }],
    ['CREATE TABLE `temporary`/**/.t (a)', { kind: 'ddl', taints: true }],
    ["CREATE TABLE 'temp'.t (a)", { kind: 'ddl', taints: true }],
    ['CREATE TRIGGER temp.x AFTER INSERT ON t BEGIN SELECT 1; END', { taints: true }],
    ['ALTER TABLE temp.t RENAME TO u', { kind: 'ddl', taints: true }],
    ['DROP TABLE temp.t', { kind: 'ddl', taints: true }],
    ['CREATE TABLE main.temp (a)', { kind: 'ddl', taints: false }],
    ["CREATE TABLE t (a DEFAULT 'temp.t')", { kind: 'ddl', taints: false }],
    ['ANALYZE', { kind: 'ddl', writes: true }],
    ['PRAGMA table_info(t)', { kind: 'pragma', useQuery: true, writes: false, taints: false }],
    ['PRAGMA user_version', { kind: 'pragma', useQuery: true, writes: false, taints: false }],
    ['PRAGMA user_version = 3', { kind: 'pragma', useQuery: false, writes: true, taints: false }],
    ['PRAGMA foreign_keys = OFF', { kind: 'pragma', useQuery: false, writes: false, taints: true }],
    ['PRAGMA optimize', { kind: 'pragma', useQuery: true, needsTransaction: true }],
  ])('%s', (sql, expected) => {
    expect(classify(sql)).toMatchObject(expected);
  });

  it.each([
    ['VACUUM'],
    ["VACUUM INTO 'x'"],
    ["ATTACH 'x' AS y"],
    ['DETACH y'],
    ['PRAGMA journal_mode = delete'],
    ['pragma main.journal_mode(memory)'],
    ['PRAGMA/**/page_size=512'],
    ['PRAGMA synchronous = FULL'],
    ['PRAGMA wal_checkpoint'],
    ['PRAGMA wal_checkpoint(TRUNCATE)'],
    ['PRAGMA wal_autocheckpoint = 5'],
    ['PRAGMA locking_mode = EXCLUSIVE'],
    ['PRAGMA busy_timeout = 1000'],
    ['PRAGMA auto_vacuum = full'],
    ['PRAGMA cache_spill = 1'],
    ['PRAGMA "journal_mode" = delete'],
    ['EXPLAIN PRAGMA wal_checkpoint'],
    ['-- x\n;; vacuum'],
    ['SELECT 1\0; VACUUM'],
  ])('refuses %s (rule 5)', (sql) => {
    expect(() => classify(sql)).toThrow(expect.objectContaining({ code: 'STATEMENT_REFUSED' }));
  });

  it.each([
    ['PRAGMA journal_mode'],
    ['PRAGMA page_size'],
    ['PRAGMA synchronous'],
    ['PRAGMA cache_spill=0'],
  ])('allows %s', (sql) => {
    expect(classify(sql).kind).toBe('pragma');
  });

  it.each([[''], ['  -- nothing\n'], [';;'], ['SELECT 1; SELECT 2']])(
    'refuses %j, which is not one statement',
    (sql) => {
      expect(() => classify(sql)).toThrow(expect.objectContaining({ code: 'STATEMENT_REFUSED' }));
    },
  );

  it.each([
    ['SELECT ?, ?', 2],
    ['SELECT ?5', 5],
    ['SELECT ?2, ?', 3],
    ['SELECT :a, :b, :a, @a, $a', 4],
    ['SELECT \'?\', "?", [?], `?` -- ?\n /* ? */', 0],
    ["SELECT a->>'$.x' FROM t WHERE d = ?", 1],
  ])('counts the parameters of %s', (sql, count) => {
    expect(classify(sql).parameterCount).toBe(count);
  });

  it('does not prepare what another client can change the shape of', () => {
    expect(classify('SELECT * FROM t').preparable).toBe(false);
    expect(classify('SELECT t.* FROM t').preparable).toBe(false);
    expect(classify('SELECT count(*), a FROM t').preparable).toBe(true);
  });

  it('sends the statement without what is around it', () => {
    expect(classify('  /* a */ SELECT 1 /* b */ ; -- c\n').sql).toBe('SELECT 1');
  });
});

describe('classifyAll', () => {
  it('splits at semicolons, but not within texts, comments and triggers', () => {
    const trigger = `CREATE TRIGGER x AFTER INSERT ON t BEGIN
      UPDATE t SET a = CASE WHEN 1 THEN 2 END; DELETE FROM u; END`;
    const statements = classifyAll(`INSERT INTO t VALUES (';'); ${trigger}; SELECT 1 /* ; */; `);

    expect(statements.map(({ sql }) => sql)).toEqual([
      "INSERT INTO t VALUES (';')",
      trigger,
      'SELECT 1',
    ]);
  });

  it('comes to an end on any text, and never hides a VACUUM at its end', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aE(;)\'"`[]-/*?:@#$.1\n ') }), (noise) => {
        const hasOpenQuote = /['"`[]|\/\*/.test(noise);

        expect(hasOpenQuote || isRefused(`${noise}\n;VACUUM`)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

function isRefused(sql: string): boolean {
  try {
    classifyAll(sql);
    return false;
  } catch {
    return true;
  }
}
