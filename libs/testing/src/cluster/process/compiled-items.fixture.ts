/** The application of the tests in JavaScript, as `nest build` leaves one: what another process can import. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const SOURCE = path.resolve(import.meta.dirname, '../../items.fixture.ts');
const PACKAGES = path.resolve(import.meta.dirname, '../../../../../node_modules');

/** @param directory where the file goes @returns its URL; it exports `ItemsAppModule` */
export async function compileItems(directory: string): Promise<URL> {
  const { outputText } = ts.transpileModule(await readFile(SOURCE, 'utf8'), {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  await symlink(PACKAGES, path.join(directory, 'node_modules'));
  const file = path.join(directory, 'items.mjs');
  await writeFile(file, outputText);
  return pathToFileURL(file);
}
