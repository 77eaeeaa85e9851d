/** What an observer of an engine is told. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { observeEngine, type ObservedTransaction } from './observe-engine.js';
import type { SqlEngine } from './engine.js';
import { SqliteEngine } from './sqlite/sqlite-engine.js';

let told: ObservedTransaction[];
let engine: SqlEngine;

beforeEach(async () => {
  told = [];
  const plain = new SqliteEngine({ file: ':memory:' });
  engine = observeEngine(plain, (transaction) => told.push(transaction));
  await engine.open();
  await engine.run('CREATE TABLE t (id INTEGER PRIMARY KEY)');
  told = [];
});
afterEach(() => engine.close());

const kinds = () => told.map(({ kind, outcome }) => `${kind} ${outcome}`);

it('is told of single statements, by whether they write', async () => {
  await engine.run('INSERT INTO t VALUES (1)');
  expect((await engine.run('SELECT id FROM t')).rows).toEqual([[1]]);
  await expect(engine.run('INSERT INTO t VALUES (1)')).rejects.toThrow('UNIQUE');
  expect(kinds()).toEqual(['write committed', 'read committed', 'write failed']);
  expect(told.every(({ durationMs }) => durationMs > 0)).toBe(true);
});

it('is told once of a transaction, whatever it consists of', async () => {
  const connection = await engine.acquire({ write: true });
  await connection.begin('immediate');
  await connection.run('INSERT INTO t VALUES (2)');
  await connection.run('INSERT INTO t VALUES (3)');
  await connection.commit();
  await connection.release();
  expect(kinds()).toEqual(['transaction committed']);
});

it('counts the wait for the right to write', async () => {
  const first = await engine.acquire({ write: true });
  await first.begin('immediate');
  const waiting = engine.acquire({ write: true });
  const before = performance.now();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(engine.stats).toMatchObject({ waitingWriters: 1, usedConnections: 1 });
  await first.rollback();
  await first.release();
  const second = await waiting;
  const waited = performance.now() - before;
  await second.begin('immediate');
  await second.commit();
  await second.release();
  expect(kinds()).toEqual(['transaction rolled-back', 'transaction committed']);
  expect(told[1]?.durationMs).toBeGreaterThanOrEqual(waited);
});

it('is told of transactions that end by the release of their connection', async () => {
  const connection = await engine.acquire();
  await connection.run('SELECT 1');
  await connection.begin('deferred');
  await connection.release();
  expect(kinds()).toEqual(['read committed', 'transaction rolled-back']);
});

it('is told of a BEGIN and of a COMMIT that fail', async () => {
  const connection = await engine.acquire();
  await connection.begin('immediate');
  await expect(connection.begin('immediate')).rejects.toThrow('in a transaction already');
  await connection.commit();
  await expect(connection.commit()).rejects.toThrow('no transaction is open');
  await connection.release();
  expect(kinds()).toEqual(['transaction failed', 'transaction committed']);
});
