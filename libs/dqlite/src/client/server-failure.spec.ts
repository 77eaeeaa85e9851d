/** What a server's answer means for a retry (`spec/dqlite.md` A.8; rules 8 and 10). */
import { describe, expect, it } from 'vitest';
import { DqliteError } from '../errors/index.js';
import { endedError, failureError, lostError } from './server-failure.js';

const at = '10.0.0.1:9000';

describe('failureError', () => {
  it.each([
    [10_250, 'not leader', 'durable', 'NOT_LEADER', 'other-node', 'not-executed', true],
    [8202, 'not leader', 'durable', 'NOT_LEADER', 'other-node', 'not-executed', true],
    [12, 'no database opened', 'none', 'NOT_LEADER', 'other-node', 'not-executed', true],
    [7, 'no more rows available', 'durable', 'NOT_LEADER', 'other-node', 'not-executed', true],
    [10_250, 'not leader', 'transaction', 'NOT_LEADER', 'transaction', 'not-executed', true],
    [7, 'out of memory', 'durable', 'SQL', 'none', 'rejected', false],
    [10_506, 'disk I/O error', 'durable', 'OUTCOME_UNKNOWN', 'none', 'unknown', true],
    [8458, 'leadership lost', 'durable', 'OUTCOME_UNKNOWN', 'none', 'unknown', true],
    [10_506, 'disk I/O error', 'none', 'LEADERSHIP_LOST', 'other-node', 'not-executed', true],
    [
      10_506,
      'disk I/O error',
      'transaction',
      'LEADERSHIP_LOST',
      'transaction',
      'not-executed',
      true,
    ],
    [4, 'abort', 'durable', 'OUTCOME_UNKNOWN', 'none', 'unknown', true],
    [0, 'not an error', 'durable', 'OUTCOME_UNKNOWN', 'none', 'unknown', true],
    [0, 'empty statement', 'none', 'LEADERSHIP_LOST', 'other-node', 'not-executed', true],
    [5, 'database is locked', 'durable', 'BUSY', 'statement', 'not-executed', false],
    [5, 'checkpoint in progress', 'durable', 'BUSY', 'statement', 'not-executed', false],
    [261, 'database is locked', 'none', 'BUSY', 'statement', 'not-executed', false],
    [
      517,
      'database is locked',
      'transaction',
      'BUSY_SNAPSHOT',
      'transaction',
      'not-executed',
      false,
    ],
    [2067, 'UNIQUE constraint failed: t.a', 'durable', 'CONSTRAINT', 'none', 'rejected', false],
    [787, 'FOREIGN KEY constraint failed', 'durable', 'CONSTRAINT', 'none', 'rejected', false],
    [522, 'disk I/O error', 'transaction', 'SQL', 'none', 'rejected', false],
    [778, 'disk I/O error', 'durable', 'OUTCOME_UNKNOWN', 'none', 'unknown', true],
    [778, 'disk I/O error', 'transaction', 'SQL', 'none', 'rejected', false],
    [778, 'disk I/O error', 'none', 'SQL', 'none', 'rejected', false],
    [10, 'disk I/O error', 'durable', 'OUTCOME_UNKNOWN', 'none', 'unknown', true],
    [12, 'no statement with the given id', 'none', 'SQL', 'none', 'rejected', false],
    [1, 'near "x": syntax error', 'durable', 'SQL', 'none', 'rejected', false],
    [1005, 'parse', 'none', 'SQL', 'none', 'rejected', false],
  ] as const)(
    '%i %j of a %s request is %s',
    (code, message, effect, name, retry, outcome, broken) => {
      const result = failureError({ code, message }, at, effect);

      expect(result.error).toMatchObject({ code: name, retry, outcome, sqliteCode: code });
      expect(result.error.serverMessage).toBe(message);
      expect(result.broken).toBe(broken);
    },
  );
});

describe('lostError', () => {
  const cause = new Error('ECONNRESET');

  it.each([
    ['durable', true, 'OUTCOME_UNKNOWN', 'none'],
    ['durable', false, 'CONNECTION_LOST', 'other-node'],
    ['transaction', true, 'CONNECTION_LOST', 'transaction'],
    ['none', true, 'CONNECTION_LOST', 'other-node'],
  ] as const)('of a %s request, sent: %s, is %s', (effect, sent, code, retry) => {
    expect(lostError(cause, at, effect, sent)).toMatchObject({ code, retry, cause });
  });

  it('does not put the blame for another request on one that never left', () => {
    const timeout = new DqliteError('OUTCOME_UNKNOWN', { address: at, reason: 'x' });

    expect(lostError(timeout, at, 'durable', false)).toMatchObject({
      code: 'CONNECTION_LOST',
      outcome: 'not-executed',
    });
  });
});

describe('endedError', () => {
  const timeout = new DqliteError('TIMEOUT', { what: 'x', ms: 5 });
  const aborted = new DqliteError('ABORTED', { what: 'x' });

  it('says that a write which was cut off may have happened', () => {
    expect(endedError(timeout, at, 'durable')).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      cause: timeout,
    });
    expect(endedError(aborted, at, 'durable')).toMatchObject({
      code: 'ABORTED',
      outcome: 'unknown',
    });
  });

  it('leaves the rest as it is', () => {
    expect(endedError(timeout, at, 'none')).toBe(timeout);
    expect(endedError(aborted, at, 'none')).toMatchObject({
      code: 'ABORTED',
      outcome: 'not-executed',
    });
  });
});
