/** The tutorial, done as it says: files are written and commands run in the order in which they are read. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freeAddresses } from '../support/addresses.js';
import { REPOSITORY } from '../support/programs.js';
import { codeBlocks, type CodeBlock } from './document.js';
import { Sandbox } from './sandbox.js';

/** Packages are not downloaded: those of the repository are what the project installs. */
const INSTALLED = [
  [/^npx @nestjs\/cli@12 new (.*)$/m, 'npx nest new $1 --skip-install --skip-git'],
  [/^npm install .*$/m, `ln -s "${join(REPOSITORY, 'node_modules')}" node_modules`],
] as const;

function commandsOf({ language, text }: CodeBlock): string {
  if (language === 'sh') return text;
  const [, path] = /^\/\/ (src\/\S+)\n/.exec(text) ?? [];
  if (path === undefined) throw new Error('a code block must begin with "// src/<file>.ts"');
  return `cat > ${path} <<'END'\n${text}END\n`;
}

it('Getting started leads from nest new to three members, of which one is lost', async () => {
  await using sandbox = await Sandbox.create();
  const blocks = await codeBlocks('docs/getting-started.md');
  let script = blocks.map(commandsOf).join('');
  for (const [shown, done] of INSTALLED) {
    expect(script).toMatch(shown);
    script = script.replace(shown, done);
  }
  for (const [at, address] of (await freeAddresses(3)).entries()) {
    script = script.replaceAll(`127.0.0.1:900${at + 1}`, address);
  }
  const { code, output } = await sandbox.run(script.replaceAll('/tmp/', `${sandbox.directory}/`));

  expect(code, output).toBe(0);
  expect(output.match(/^n\d 127\.0\.0\.1:\d+ voter ONLINE$/gm)).toHaveLength(5);
  const lists = output.split('\n').filter((line) => line.includes('"metadata":[{"id":1,'));
  expect(lists, output).toHaveLength(3);
  expect(lists.at(-1), output).toContain('{"id":2,"text":"we go on"}');
  await sandbox.idle();
}, 400_000);
