/** The reference pages are those that the sources make, and the sources say what a page has to say. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

function run(code: string): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', code],
    { cwd: root, encoding: 'utf8', timeout: 60_000 },
  );
  expect(status, stderr).toBe(0);
  return stdout;
}

it('the reference pages are up to date: npm run docs makes them', { timeout: 60_000 }, () => {
  const { stderr, status } = spawnSync(process.execPath, ['scripts/reference.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

it('every option says its default, and numbers their unit and range', { timeout: 60_000 }, () => {
  const faults = run(`
    import { daemonOptions } from './scripts/reference/daemon-args.mjs';
    for (const [name, { doc, members }] of await daemonOptions(process.cwd())) {
      for (const member of members) {
        const about = name + '.' + member.name;
        const isForced = !member.isOptional;
        if (member.doc === '') console.log(about + ' has no docstring');
        else if (!isForced && !/default/i.test(member.doc)) console.log(about + ' has no default');
        if (member.type !== 'number') continue;
        if (!/[\\d,]+ to [\\d,]+|from 0/.test(member.doc)) console.log(about + ' has no range');
        if (!/milliseconds|bytes|whole number/i.test(member.doc + doc)) console.log(about + ' has no unit');
      }
    }
  `);
  expect(faults).toBe('');
});
