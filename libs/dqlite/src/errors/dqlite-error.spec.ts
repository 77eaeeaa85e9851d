/** Tests of the error class and of the promises that its catalogue makes. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { DQLITE_ERRORS, DqliteError, isDqliteError, type ErrorParameters } from './index.js';

describe('DqliteError', () => {
  it('fills the template and takes retry and outcome from the catalogue', () => {
    const error = new DqliteError('NOT_LEADER', { address: '10.0.0.1:9000' });

    expect(error.message).toContain('10.0.0.1:9000');
    expect(error).toMatchObject({
      code: 'NOT_LEADER',
      retry: 'other-node',
      outcome: 'not-executed',
      name: 'DqliteError',
    });
  });

  it('lets the thrower sharpen retry and outcome and keeps the cause', () => {
    const cause = new Error('ECONNRESET');
    const error = new DqliteError(
      'CONNECTION_LOST',
      { address: 'a:1', reason: 'reset' },
      { cause, retry: 'transaction', outcome: 'unknown', sqliteCode: 5 },
    );

    expect(error).toMatchObject({ cause, retry: 'transaction', outcome: 'unknown', sqliteCode: 5 });
  });

  it('is recognised by brand, also when it comes from another copy of the package', () => {
    const foreign = Object.assign(new Error('x'), {
      [Symbol.for('@microcluster/dqlite/error')]: true,
      code: 'BUSY',
    });

    expect(isDqliteError(foreign)).toBe(true);
    expect(isDqliteError(foreign, 'BUSY', 'TIMEOUT')).toBe(true);
    expect(isDqliteError(foreign, 'TIMEOUT')).toBe(false);
    expect(isDqliteError(new Error('x'))).toBe(false);
    expect(isDqliteError(null)).toBe(false);
    expect(isDqliteError('BUSY')).toBe(false);
  });

  it('asks for exactly the parameters of the template', () => {
    expectTypeOf<ErrorParameters<'NODE_STATE'>>().toEqualTypeOf<{
      readonly action: string | number | bigint;
      readonly state: string | number | bigint;
    }>();
  });
});

describe('the catalogue', () => {
  it.each(Object.entries(DQLITE_ERRORS))(
    '%s never advises a blind retry of an unknown outcome',
    (_, entry) => {
      expect(entry.outcome === 'unknown' && entry.retry !== 'none').toBe(false);
    },
  );

  it.each(Object.entries(DQLITE_ERRORS))('%s is one sentence without a full stop', (_, entry) => {
    expect(entry.template).not.toMatch(/[.\n]$/);
    expect(entry.template.length).toBeGreaterThan(5);
  });
});
