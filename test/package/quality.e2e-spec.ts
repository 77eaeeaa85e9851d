/** What the field's own tools say of the packages, and that their types hide nothing. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { REPOSITORY } from '../support/programs.js';
import { anysIn } from './quality.js';

const LIBRARIES = ['libs/dqlite', 'libs/microcluster', 'libs/testing'];
const LIMIT_MS = 180_000;

const manifestSchema = z.object({
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string() })])),
});

/** The declarations that a package lets its users see. */
function entryTypes(folder: string): string[] {
  const text = readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8');
  const targets = Object.values(manifestSchema.parse(JSON.parse(text)).exports);
  return targets.flatMap((target) =>
    typeof target === 'string' ? [] : [join(folder, target.types)],
  );
}

describe.each(LIBRARIES)('the package in %s', (folder) => {
  it('has no fault that publint knows', { timeout: LIMIT_MS }, async () => {
    const { messages } = await publint({ pkgDir: join(REPOSITORY, folder), strict: true });
    expect(messages).toEqual([]);
  });

  it('has types that are right for every way to import it', { timeout: LIMIT_MS }, () => {
    // CommonJS and the resolution of Node 10 are not supported: it is ESM alone.
    const { status, stdout } = spawnSync(
      join(REPOSITORY, 'node_modules/.bin/attw'),
      ['--pack', '.', '--profile', 'esm-only', '--no-emoji', '--no-color'],
      { cwd: join(REPOSITORY, folder), encoding: 'utf8', timeout: LIMIT_MS },
    );
    expect(status, stdout).toBe(0);
  });

  it('has no any in its public types', () => {
    expect(anysIn(entryTypes(folder))).toEqual([]);
  });
});

it('an any would be found', () => {
  expect(() => anysIn(['libs/nothing/dist/index.d.ts'])).toThrow('not built');
  const [found = ''] = anysIn(['node_modules/typescript/lib/typescript.d.ts']);
  expect(found).toContain('any');
});
