import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { StateDirectory } from '../state/index.js';
import { MicroclusterError } from './microcluster-error.js';
import { withAdvice } from './system-advice.js';

function systemError(code: string, more: object = { path: '/state/server.key' }): Error {
  return Object.assign(new Error(`${code}: refused, open '/state/server.key'`), { code, ...more });
}

describe('the advice about a failed start', () => {
  it.each([
    ['EROFS', 'mount -o remount,rw'],
    ['EACCES', 'chown'],
    ['EPERM', 'chattr'],
    ['ENOSPC', 'delete what is not needed, or enlarge it'],
    ['EDQUOT', 'quota'],
    ['EIO', 'dmesg'],
    ['EMFILE', 'LimitNOFILE'],
    ['ENFILE', 'fs.file-max'],
  ])('follows the text of %s, which names the file', (code, todo) => {
    const cause = systemError(code);
    const error = new MicroclusterError(
      'FAILED',
      { reason: `Failed: ${cause.message}` },
      { cause },
    );

    const advised = withAdvice(error);

    expect(advised.message).toContain(`Failed: ${code}: refused, open '/state/server.key'; `);
    expect(advised.message).toContain(todo);
    expect(advised.cause).toBe(error);
  });

  it.each([
    ['that is not about a file', systemError('EACCES', { syscall: 'listen' })],
    ['that needs none', systemError('EEXIST')],
    ['of ours', new MicroclusterError('NOT_READY', {})],
  ])('is not given on an error %s', (_what, error) => {
    expect(withAdvice(error)).toBe(error);
  });

  it('makes an error of whatever was thrown', () => {
    expect(withAdvice('no reason').message).toBe('no reason');
  });
});

describe.skipIf(process.getuid?.() !== 0)('a state directory on a read-only file system', () => {
  it('is refused with the file and the way out, and nothing is changed', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'read-only-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', directory]);
    try {
      const refusal = await StateDirectory.open(directory).catch(withAdvice);

      expect(String(refusal)).toContain(`${path.join(directory, 'node.lock')}`);
      expect(String(refusal)).toContain('its file system is mounted read-only');
      expect(await readdir(directory)).toEqual([]);
    } finally {
      execFileSync('umount', [directory]);
      await rm(directory, { recursive: true });
    }
  });
});
