/** Whether the client's idea of a transaction follows SQLite's. */
import { describe, expect, it } from 'vitest';
import { classify } from './statement.js';
import { TransactionState } from './transaction-state.js';

/** A state after the given statements succeeded. */
function after(...statements: string[]): TransactionState {
  const state = new TransactionState();
  for (const statement of statements.map(classify)) {
    state.sending(statement);
    state.succeeded(statement);
  }
  return state;
}

describe('TransactionState', () => {
  it.each<[string[], string]>([
    [[], 'none'],
    [['BEGIN'], 'open'],
    [['BEGIN', 'COMMIT'], 'none'],
    [['BEGIN', 'ROLLBACK'], 'none'],
    [['BEGIN', 'SAVEPOINT a', 'RELEASE a'], 'open'],
    [['BEGIN', 'SAVEPOINT a', 'ROLLBACK TO a'], 'open'],
    [['SAVEPOINT a'], 'open'],
    [['SAVEPOINT a', 'SAVEPOINT b', 'RELEASE b'], 'open'],
    [['SAVEPOINT a', 'SAVEPOINT b', 'RELEASE a'], 'none'],
    [['SAVEPOINT a', 'ROLLBACK TO a'], 'open'],
    [['SAVEPOINT a', 'SAVEPOINT a', 'RELEASE A'], 'open'],
    [['SAVEPOINT a', 'COMMIT'], 'none'],
    [['INSERT INTO t VALUES (1)'], 'none'],
  ])('after %j is %s', (statements, status) => {
    expect(after(...statements).status).toBe(status);
  });

  it.each<[string[], string, string]>([
    [[], 'SELECT 1', 'none'],
    [[], 'INSERT INTO t VALUES (1)', 'durable'],
    [[], 'CREATE TABLE t (a)', 'durable'],
    [[], 'BEGIN IMMEDIATE', 'none'],
    [['BEGIN'], 'INSERT INTO t VALUES (1)', 'transaction'],
    [['BEGIN'], 'SELECT 1', 'transaction'],
    [['BEGIN', 'SELECT 1'], 'COMMIT', 'transaction'],
    [['BEGIN', 'DELETE FROM t'], 'COMMIT', 'durable'],
    [['BEGIN', 'DELETE FROM t'], 'ROLLBACK', 'transaction'],
    [['SAVEPOINT a', 'DELETE FROM t'], 'RELEASE a', 'durable'],
    [['SAVEPOINT a', 'SAVEPOINT b', 'DELETE FROM t'], 'RELEASE b', 'transaction'],
  ])('after %j, losing the answer to %s loses: %s', (statements, next, effect) => {
    expect(after(...statements).effectOf(classify(next))).toBe(effect);
  });
});
