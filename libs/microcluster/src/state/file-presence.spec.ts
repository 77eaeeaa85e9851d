import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPresent, readIfPresent } from './file-presence.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'presence-'));
  await writeFile(path.join(directory, 'some'), 'text');
});
afterEach(() => rm(directory, { recursive: true }));

const at = (name: string) => path.join(directory, name);

describe('a file that may be missing', () => {
  it('is there or not, and so is a directory', async () => {
    await expect(isPresent(at('some'))).resolves.toBe(true);
    await expect(isPresent(directory)).resolves.toBe(true);
    await expect(isPresent(at('none'))).resolves.toBe(false);
  });

  it('has its text, or none', async () => {
    await expect(readIfPresent(at('some'))).resolves.toBe('text');
    await expect(readIfPresent(at('none'))).resolves.toBeUndefined();
  });

  it('is not taken for missing when it cannot be looked at', async () => {
    await expect(isPresent(at('some/below'))).rejects.toThrow('ENOTDIR');
    await expect(readIfPresent(at('some/below'))).rejects.toThrow('ENOTDIR');
    await expect(readIfPresent(directory)).rejects.toThrow('EISDIR');
  });
});
