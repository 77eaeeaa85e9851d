/** Finds `any` in what a package shows of its types. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { REPOSITORY } from '../support/programs.js';

/**
 * Every `any` in the declarations that can be reached from an entry point, as `file:line text`.
 *
 * @param entries paths of `.d.ts` files in the repository, built
 */
export function anysIn(entries: readonly string[]): string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  const visit = (path: string) => {
    if (seen.has(path) || !existsSync(path)) return;
    seen.add(path);
    const text = ts.sys.readFile(path) ?? '';
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const walk = (node: ts.Node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        const shown = node.parent.getText(file).replaceAll(/\s+/g, ' ');
        found.push(`${relative(REPOSITORY, path)}:${line + 1} ${shown}`);
      }
      ts.forEachChild(node, walk);
    };
    walk(file);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (fileName.startsWith('.')) {
        visit(resolve(dirname(path), fileName.replace(/\.js$/, '.d.ts')));
      }
    }
  };
  for (const entry of entries) visit(join(REPOSITORY, entry));
  if (seen.size < entries.length) throw new Error('an entry point is not built');
  return found;
}
