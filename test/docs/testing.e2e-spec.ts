/** Runs the tests that the guide to testing shows, in a project of their own. */
import { expect, it } from 'vitest';
import { blocksOf } from './document.js';
import { Sandbox } from './sandbox.js';

it('the tests in Test your application compile and pass', async () => {
  await using sandbox = await Sandbox.create();
  for (const source of await blocksOf('docs/how-to/test-your-application.md', 'ts')) {
    await sandbox.addSource(source);
  }
  const { code, output } = await sandbox.run('npx tsc && npx vitest run --dir src', { VITEST: '' });
  expect(code, output).toBe(0);
  expect(output).toMatch(/Tests\s+7 passed/);
  await sandbox.idle();
}, 400_000);

it('the example of @microcluster/testing runs, also outside of a test runner', async () => {
  await using sandbox = await Sandbox.create();
  for (const source of await blocksOf('libs/testing/README.md', 'ts')) {
    await sandbox.addSource(source);
  }
  const { code, output } = await sandbox.run('npx tsc && node dist/main.js', { VITEST: '' });
  expect(code, output).toBe(0);
  expect(output).toMatch(/^n\d leads after n\d$/m);
  await sandbox.idle();
}, 400_000);
