/** Errors of all origins, and what a client is told about them. */
import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { DqliteError } from '@microcluster/dqlite';
import { EntityNotFoundError, QueryFailedError } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { InvalidValueError } from '../types/invalid-value-error.js';
import { MICROCLUSTER_ERRORS } from './catalogue.js';
import { describeError, messageOf, statusOf } from './error-mapping.js';
import { MicroclusterError, isMicroclusterError } from './microcluster-error.js';

describe('the catalogue', () => {
  it.each(Object.entries(MICROCLUSTER_ERRORS))('%s has a status and a text', (_code, entry) => {
    expect(entry.status).toBeGreaterThanOrEqual(400);
    expect(entry.status).toBeLessThan(600);
    expect(entry.template).not.toBe('');
  });

  it('fills the template and keeps the cause', () => {
    const cause = new Error('deep');
    const error = new MicroclusterError('RECORD_NOT_FOUND', { what: 'CoreTokenRecord' }, { cause });
    expect(error.message).toBe('CoreTokenRecord not found');
    expect(error.status).toBe(404);
    expect(error.cause).toBe(cause);
  });

  it('is recognised by brand, not by class', () => {
    const foreign = Object.assign(new Error('x'), {
      code: 'NOT_READY',
      [Symbol.for('@microcluster/nest/error')]: true,
    });
    expect(isMicroclusterError(foreign)).toBe(true);
    expect(isMicroclusterError(foreign, 'NOT_READY')).toBe(true);
    expect(isMicroclusterError(foreign, 'NOT_FOUND')).toBe(false);
    expect(isMicroclusterError(new Error('NOT_READY'))).toBe(false);
  });
});

const unique = new DqliteError(
  'CONSTRAINT',
  { reason: 'UNIQUE constraint failed: core_token_records.name' },
  { sqliteCode: 2067 },
);

describe('describeError', () => {
  it.each<[string, unknown, number, string]>([
    ['an error of ours', new MicroclusterError('NOT_READY', {}), 503, 'Daemon is not ready yet'],
    [
      'a wrapped error',
      new Error('outer: inner', { cause: new MicroclusterError('NOT_READY', {}) }),
      503,
      'outer: inner',
    ],
    ['a unique violation', unique, 409, 'UNIQUE constraint failed: core_token_records.name'],
    [
      'a unique violation through TypeORM',
      new QueryFailedError('INSERT', [], unique),
      409,
      'UNIQUE constraint failed: core_token_records.name',
    ],
    ['an HttpException', new NotFoundException('no such item'), 404, 'no such item'],
    [
      'several messages',
      new BadRequestException(['a is short', 'b is long']),
      400,
      'a is short; b is long',
    ],
    ['an HttpException with an object', new HttpException({ error: 'teapot' }, 418), 418, 'teapot'],
    [
      'an invalid value',
      new InvalidValueError('Invalid Control: name must be text.'),
      400,
      'Invalid Control: name must be text.',
    ],
    [
      'a missing file',
      Object.assign(new Error('ENOENT: /secret'), { code: 'ENOENT' }),
      404,
      'Not Found',
    ],
    [
      'a refused file',
      Object.assign(new Error('EACCES: /secret'), { code: 'EACCES' }),
      403,
      'Forbidden',
    ],
    ['anything else', new Error('disk on fire'), 500, 'disk on fire'],
    [
      'a programming error',
      new TypeError('x is not a function'),
      500,
      'Internal server error; the log of this member has the details',
    ],
    [
      'no error at all',
      'thrown text',
      500,
      'Internal server error; the log of this member has the details',
    ],
  ])('maps %s', (_what, error, status, text) => {
    expect([statusOf(error), messageOf(error)]).toEqual([status, text]);
  });

  it('maps an entity that was not found', () => {
    expect(statusOf(new EntityNotFoundError('Item', { id: 1 }))).toBe(404);
  });

  it('maps a missing leader and a closed database to 503, an unknown outcome to 500', () => {
    expect(statusOf(new DqliteError('NO_LEADER', { servers: 'x', reason: 'y' }))).toBe(503);
    expect(statusOf(new DqliteError('NOT_OPEN', { what: 'The database' }))).toBe(503);
    expect(statusOf(new DqliteError('OUTCOME_UNKNOWN', { address: 'x', reason: 'y' }))).toBe(500);
  });

  it('calls only unforeseen errors defects, and survives a cycle of causes', () => {
    expect(describeError(new MicroclusterError('NOT_FOUND', {})).isDefect).toBe(false);
    const cycle = new Error('round');
    cycle.cause = cycle;
    expect(describeError(cycle)).toMatchObject({ status: 500, isDefect: true });
  });
});
