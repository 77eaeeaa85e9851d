/** Statements that are given to one connection in parallel. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SqlValue } from '../../values.js';
import type { SqliteConnection } from './sqlite-connection.js';
import { SqliteEngine } from './sqlite-engine.js';

const ENDLESS =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n';
const ENDLESS_WRITE =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO u SELECT max(i) FROM n';

describe('parallel statements on one SqliteConnection', () => {
  let directory: string;
  let engine: SqliteEngine;
  let connection: SqliteConnection;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'microcluster-connection-'));
    engine = new SqliteEngine({ file: join(directory, 'a.sqlite') });
    await engine.open();
    await engine.run('CREATE TABLE t (x INTEGER UNIQUE)');
    await engine.run('CREATE TABLE u (x)');
    await engine.run('INSERT INTO t VALUES (1)');
    connection = await engine.acquire();
  });
  afterEach(async () => {
    await engine.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** The outcome of each: `done`, or the code of its error. */
  async function outcomesOf(parallel: readonly Promise<unknown>[]): Promise<unknown[]> {
    const settled = await Promise.allSettled(parallel);
    return settled.map((it) => (it.status === 'fulfilled' ? 'done' : it.reason.code));
  }

  async function valuesOf(table: 't' | 'u'): Promise<(SqlValue | undefined)[]> {
    const { rows } = await engine.run(`SELECT x FROM ${table} ORDER BY x`);
    return rows.map(([value]) => value);
  }

  it('keeps what succeeded beside a RETURNING that failed', async () => {
    await connection.begin('immediate');
    const outcomes = await outcomesOf([
      connection.run('INSERT INTO t VALUES (1) RETURNING x'),
      connection.run('INSERT INTO u VALUES (7)'),
    ]);
    expect(outcomes).toEqual(['CONSTRAINT', 'done']);
    await connection.commit();
    expect(await valuesOf('u')).toEqual([7]);
  });

  it('keeps apart two RETURNINGs of which one fails', async () => {
    await connection.begin('immediate');
    const outcomes = await outcomesOf([
      connection.run('INSERT INTO t VALUES (1) RETURNING x'),
      connection.run('INSERT INTO t VALUES (2) RETURNING x'),
      connection.run('INSERT INTO t VALUES (2) RETURNING x'),
      connection.run('INSERT INTO t VALUES (3) RETURNING x'),
    ]);
    expect(outcomes).toEqual(['CONSTRAINT', 'done', 'CONSTRAINT', 'done']);
    await connection.commit();
    expect(await valuesOf('t')).toEqual([1, 2, 3]);
  });

  it('keeps apart RETURNING and other statements outside of a transaction', async () => {
    const outcomes = await outcomesOf([
      connection.run('INSERT INTO t VALUES (1) RETURNING x'),
      connection.run('INSERT INTO u VALUES (7)'),
      connection.run('INSERT INTO t VALUES (2) RETURNING x'),
    ]);
    expect(outcomes).toEqual(['CONSTRAINT', 'done', 'done']);
    expect([await valuesOf('t'), await valuesOf('u')]).toEqual([[1, 2], [7]]);
  });

  it('runs nothing behind a statement that ended the transaction', async () => {
    await connection.begin('immediate');
    const outcomes = await outcomesOf([
      connection.run('INSERT OR ROLLBACK INTO t VALUES (1)'),
      connection.run('INSERT INTO u VALUES (7)'),
      connection.run('INSERT INTO u VALUES (8) RETURNING x'),
      connection.commit(),
    ]);
    expect(outcomes).toEqual([
      'CONSTRAINT',
      'TRANSACTION_ENDED',
      'TRANSACTION_ENDED',
      'TRANSACTION_ENDED',
    ]);
    await connection.rollback();
    expect(await valuesOf('u')).toEqual([]);
  });

  it('runs nothing behind a write that was interrupted, also with a stream open', async () => {
    await connection.run('INSERT INTO u VALUES (1), (2), (3)');
    await connection.begin('immediate');
    const stream = connection.stream('SELECT x FROM u ORDER BY x');
    expect(await stream.next()).toMatchObject({ value: { x: 1 } });
    const outcomes = await outcomesOf([
      connection.run(ENDLESS_WRITE, [], { deadlineMs: 200 }),
      connection.run('INSERT INTO u VALUES (7)'),
    ]);
    expect(outcomes).toEqual(['TIMEOUT', 'TRANSACTION_ENDED']);
    await stream.return();
    await expect(connection.run('INSERT INTO u VALUES (8)')).rejects.toMatchObject({
      code: 'TRANSACTION_ENDED',
    });
    await connection.rollback();
    await connection.run('INSERT INTO u VALUES (9)');
    expect(await valuesOf('u')).toEqual([1, 2, 3, 9]);
  });

  it('leaves no row of a group of which one failed and which was rolled back', async () => {
    await connection.begin('immediate');
    const statements = [
      connection.run('INSERT INTO u VALUES (1)'),
      connection.run('INSERT INTO t VALUES (1)'),
      connection.run('INSERT INTO u VALUES (2)'),
      connection.run('INSERT INTO t VALUES (2) RETURNING x'),
    ];
    const outcomes = outcomesOf(statements);
    await expect(Promise.all(statements)).rejects.toMatchObject({ code: 'CONSTRAINT' });
    const rollback = connection.rollback();
    const late = [
      connection.run('INSERT INTO u VALUES (3)'),
      connection.run('INSERT INTO u VALUES (4) RETURNING x'),
      connection.stream('SELECT x FROM u').next(),
      connection.commit(),
    ];
    expect(await outcomesOf(late)).toEqual(late.map(() => 'TRANSACTION_ENDED'));
    await rollback;
    expect(await outcomes).toEqual(['done', 'CONSTRAINT', 'done', 'done']);
    expect([await valuesOf('t'), await valuesOf('u')]).toEqual([[1], []]);
    await connection.run('INSERT INTO u VALUES (5)');
    expect(await valuesOf('u')).toEqual([5]);
  });

  it('gives up a statement whose time is over before its turn, and keeps the transaction', async () => {
    await connection.begin('immediate');
    const controller = new AbortController();
    const running = connection.run(ENDLESS, [], { signal: controller.signal });
    const outcome = outcomesOf([running]);
    const late = connection.run('INSERT INTO u VALUES (1)', [], { deadlineMs: 5 });
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
    const cancelled = new AbortController();
    const waiting = connection.run('INSERT INTO u VALUES (2)', [], { signal: cancelled.signal });
    cancelled.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    controller.abort();
    expect(await outcome).toEqual(['ABORTED']);
    await connection.run('INSERT INTO u VALUES (3)');
    await connection.commit();
    expect(await valuesOf('u')).toEqual([3]);
  });

  it('does not start a statement with no time left', async () => {
    await connection.begin('immediate');
    await connection.run('INSERT INTO u VALUES (1)');
    const late = connection.run('INSERT INTO u VALUES (2)', [], { deadlineMs: 0 });
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
    await connection.commit();
    expect(await valuesOf('u')).toEqual([1]);
  });

  it('lets the loop over a stream use the connection', async () => {
    await connection.run('INSERT INTO t VALUES (2), (3)');
    await connection.begin('immediate');
    for await (const { x } of connection.stream('SELECT x FROM t ORDER BY x')) {
      await connection.run('INSERT INTO u VALUES (?) RETURNING x', [Number(x) * 10]);
    }
    await connection.commit();
    expect(await valuesOf('u')).toEqual([10, 20, 30]);
  });

  it('can roll back when a statement was interrupted while a stream is open', async () => {
    await connection.run('INSERT INTO t VALUES (2), (3)');
    await connection.begin('immediate');
    await connection.run('INSERT INTO u VALUES (1)');
    const stream = connection.stream('SELECT x FROM t ORDER BY x');
    await stream.next();
    await expect(connection.run(ENDLESS, [], { deadlineMs: 200 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    await connection.rollback();
    await expect(stream.next()).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
    await engine.run('INSERT INTO u VALUES (2)');
    expect(await valuesOf('u')).toEqual([2]);
  });

  it('ends a stream that is open when it is given back', async () => {
    await connection.run('INSERT INTO t VALUES (2), (3)');
    const stream = connection.stream('SELECT x FROM t ORDER BY x');
    await stream.next();
    await connection.release();
    await expect(stream.next()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('streams what was written by a statement given before', async () => {
    await connection.begin('immediate');
    const writing = connection.run('INSERT INTO u VALUES (1)');
    const streamed = await connection.stream('SELECT x FROM u').next();
    expect(streamed).toEqual({ done: false, value: { x: 1 } });
    await writing;
    await connection.release();
  });

  it('gives the connection back behind what was given before, once', async () => {
    await connection.begin('immediate');
    const running = connection.run('INSERT INTO u VALUES (1)');
    const releases = [connection.release(), connection.release()];
    const late = connection.run('INSERT INTO u VALUES (2)');
    expect(await outcomesOf([running, ...releases, late])).toEqual([
      'done',
      'done',
      'done',
      'CLOSED',
    ]);
    expect(await valuesOf('u')).toEqual([]);
    expect(engine.stats).toMatchObject({ usedConnections: 0 });
    await engine.run('INSERT INTO u VALUES (3)');
  });

  it('leaves no transaction behind when it is given back while one begins', async () => {
    const other = await engine.acquire();
    await other.begin('immediate');
    const beginning = connection.begin('immediate');
    const released = connection.release();
    await other.commit();
    await other.release();
    expect(await outcomesOf([beginning, released])).toEqual(['done', 'done']);
    await engine.run('INSERT INTO u VALUES (1)');
    expect(await valuesOf('u')).toEqual([1]);
  });

  it('ends all that run or wait when the engine is closed', async () => {
    await connection.begin('immediate');
    const outcomes = outcomesOf([
      connection.run(ENDLESS),
      connection.run(ENDLESS),
      connection.run('INSERT INTO u VALUES (1) RETURNING x'),
    ]);
    await engine.run('SELECT 1');
    await engine.close();
    expect((await outcomes)[0]).toBe('ABORTED');
    expect(await outcomes).not.toContain('done');
    await connection.release();
  });
});
