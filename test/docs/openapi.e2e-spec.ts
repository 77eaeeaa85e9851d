/** Makes the typed client of the guide to OpenAPI, and compiles what it is used for. */
import { expect, it } from 'vitest';
import { blocksOf } from './document.js';
import { Sandbox } from './sandbox.js';

it('the application in Describe your API serves a document, from which a typed client is made', async () => {
  await using sandbox = await Sandbox.create();
  const guide = 'docs/how-to/openapi.md';
  const [application = '', client = ''] = await blocksOf(guide, 'ts');
  await sandbox.addSource(application);
  const [, , commands = ''] = await blocksOf(guide, 'sh');
  const made = await sandbox.run(commands.replaceAll('/tmp/', `${sandbox.directory}/`));
  expect(made.code, made.output).toBe(0);
  await sandbox.addSource(client);
  expect(await sandbox.run('npx tsc')).toEqual({ code: 0, output: '' });
  await sandbox.idle();
}, 240_000);
