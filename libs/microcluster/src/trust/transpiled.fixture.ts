/** Turns a module and what it imports relatively into JavaScript, so that a test can run it in a process of its own. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';

const SOURCES = path.resolve(import.meta.dirname, '..');
const PACKAGES = path.resolve(SOURCES, '../../../node_modules');

/**
 * @param entry path of a source file below `libs/microcluster/src`
 * @param directory where the JavaScript goes
 * @returns path of the JavaScript of `entry`
 */
export async function transpile(entry: string, directory: string): Promise<string> {
  await symlink(PACKAGES, path.join(directory, 'node_modules'));
  await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
  const seen = new Set<string>();
  const visit = async (source: string): Promise<void> => {
    if (seen.has(source)) return;
    seen.add(source);
    const { outputText } = ts.transpileModule(await readFile(source, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const output = outputOf(source, directory);
    await mkdir(path.dirname(output), { recursive: true });
    await writeFile(output, outputText);
    for (const [, specifier = ''] of outputText.matchAll(/from '(\.[^']+)\.js'/g)) {
      await visit(path.resolve(path.dirname(source), `${specifier}.ts`));
    }
  };
  const source = path.join(SOURCES, entry);
  await visit(source);
  return outputOf(source, directory);
}

function outputOf(source: string, directory: string): string {
  return path.join(directory, path.relative(SOURCES, source)).replace(/\.ts$/, '.js');
}
