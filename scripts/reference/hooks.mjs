/** `docs/reference/hooks.md`: the points of cluster life at which an application may act. */
import ts from 'typescript';
import { cell, codeCell, docOf, interfacesOf, parse, table } from './source.mjs';

const HOOKS = 'libs/microcluster/src/hooks/lifecycle-hooks.ts';
const DECORATORS = 'libs/microcluster/src/hooks/hook-decorators.ts';

/** The decorator of each hook: constants that are made by `hookDecorator('name')`. */
async function decorators(root) {
  const file = await parse(root, DECORATORS);
  const found = new Map();
  for (const statement of file.statements.filter(ts.isVariableStatement)) {
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer === undefined || !ts.isCallExpression(initializer)) continue;
      if (initializer.expression.getText(file) !== 'hookDecorator') continue;
      found.set(initializer.arguments[0].text, { name: name.getText(file), doc: docOf(statement) });
    }
  }
  return found;
}

export async function hooksPage(root) {
  const interfaces = interfacesOf(await parse(root, HOOKS));
  const byHook = await decorators(root);
  const rows = interfaces.get('HookArguments').members.map(({ name, type, doc }) => {
    const decorator = byHook.get(name);
    if (decorator === undefined) throw new Error(`The hook ${name} has no decorator`);
    const details = type.replace(/^\[\s*context: HookContext,?\s*/, '').replace(/,?\s*\]$/, '');
    return [
      `\`@${decorator.name}()\``,
      codeCell(name),
      cell(doc),
      details === '' ? '' : codeCell(details),
    ];
  });
  const context = interfaces
    .get('HookContext')
    .members.map(({ name, type, doc }) => [codeCell(name), codeCell(type), cell(doc)]);
  return `# Hooks

<!-- Made by npm run docs from ${HOOKS} and ${DECORATORS}. -->

A hook is a decorated method of any provider, or a function in the option \`hooks\` of \`MicroclusterModule\` under the name in the second column. It is called with a context and what the last column says, and may be asynchronous.

${table(['Decorator', 'Name', 'Runs', 'Called with the context and'], rows)}

## The context

${table(['Property', 'Type', 'Meaning'], context)}
`;
}
