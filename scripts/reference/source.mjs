/** Reads declarations and their comments out of a TypeScript file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';

/** A parsed file of the repository. */
export async function parse(root, path) {
  const text = await readFile(join(root, path), 'utf8');
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** The docstring of a node as one paragraph; the empty text when it has none. */
export function docOf(node) {
  const [last] = ts
    .getJSDocCommentsAndTags(node)
    .filter((found) => ts.isJSDoc(found))
    .slice(-1);
  return last === undefined ? '' : flat(ts.getTextOfJSDocComment(last.comment) ?? '');
}

/** The interfaces of a file by name, each with its members in order. */
export function interfacesOf(file) {
  return new Map(
    file.statements.filter(ts.isInterfaceDeclaration).map((node) => [
      node.name.text,
      {
        doc: docOf(node),
        members: node.members.filter(ts.isPropertySignature).map((member) => ({
          name: member.name.getText(file),
          type: flat(member.type?.getText(file) ?? ''),
          isOptional: member.questionToken !== undefined,
          doc: docOf(member),
        })),
      },
    ]),
  );
}

/** The initialiser of a constant, without `as const` and `satisfies`. */
export function constantOf(file, name) {
  for (const statement of file.statements.filter(ts.isVariableStatement)) {
    const found = statement.declarationList.declarations.find((d) => d.name.getText(file) === name);
    if (found?.initializer !== undefined) return bare(found.initializer);
  }
  throw new Error(`${file.fileName} has no constant ${name}`);
}

/** Text for a cell of a table. */
export function cell(text) {
  return flat(text).replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** Code for a cell of a table. */
export function codeCell(text) {
  return `\`${flat(text).replaceAll('|', '\\|')}\``;
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function bare(node) {
  return ts.isAsExpression(node) || ts.isSatisfiesExpression(node) ? bare(node.expression) : node;
}

function flat(text) {
  return text.replaceAll(/\s+/g, ' ').trim();
}
