/** Errors of the operating system, wherever their class comes from. */
import { readFile } from 'node:fs/promises';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { isSystemError } from './system-error.js';

it('tells one by its code', async () => {
  const error = await readFile('/nonexistent/file').catch((reason: unknown) => reason);
  expect(isSystemError(error, 'ENOENT')).toBe(true);
  expect(isSystemError(error, 'EACCES')).toBe(false);
});

it('knows one whose globals are not those of this file, as in Jest', () => {
  const error: unknown = runInNewContext(`Object.assign(new Error('gone'), { code: 'ENOENT' })`);
  expect(error instanceof Error).toBe(false);
  expect(isSystemError(error, 'ENOENT')).toBe(true);
});

it.each([undefined, null, 'ENOENT', { code: 'ENOENT' }, new Error('ENOENT')])(
  'takes %j for none',
  (error) => {
    expect(isSystemError(error, 'ENOENT')).toBe(false);
  },
);
