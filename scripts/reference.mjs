/**
 * Writes the reference pages of `docs/reference` that are made from the sources: `npm run docs`.
 * With `--check` it only says which of them are not up to date.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { daemonArgsPage } from './reference/daemon-args.mjs';
import { errorsPage } from './reference/errors.mjs';
import { hooksPage } from './reference/hooks.mjs';

export const root = dirname(import.meta.dirname);

/** The pages by path, as they are to be. */
export async function referencePages() {
  const pages = {
    'docs/reference/daemon-args.md': await daemonArgsPage(root),
    'docs/reference/errors.md': await errorsPage(root),
    'docs/reference/hooks.md': await hooksPage(root),
  };
  const style = await resolveConfig(join(root, 'README.md'));
  const formatted = Object.entries(pages).map(async ([path, text]) => [
    path,
    await format(text, { ...style, parser: 'markdown' }),
  ]);
  return Object.fromEntries(await Promise.all(formatted));
}

/** The paths of those that differ from what is in the repository. */
export async function outdatedPages() {
  const pages = Object.entries(await referencePages());
  const texts = await Promise.all(
    pages.map(([path]) => readFile(join(root, path), 'utf8').catch(() => '')),
  );
  return pages.flatMap(([path, text], at) => (texts[at] === text ? [] : [path]));
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--check')) {
    const outdated = await outdatedPages();
    for (const path of outdated) console.error(`${path} is not up to date; run npm run docs`);
    process.exitCode = outdated.length === 0 ? 0 : 1;
  } else {
    for (const [path, text] of Object.entries(await referencePages())) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  }
}
