/** `docs/reference/errors.md`: the errors of both catalogues. */
import ts from 'typescript';
import { cell, codeCell, constantOf, parse, table } from './source.mjs';

const FRAMEWORK = 'libs/microcluster/src/errors/catalogue.ts';
const DATABASE = 'libs/dqlite/src/errors/catalogue.ts';

/** The entries of a catalogue in groups, as the comments between them name these. */
function groupsOf(file, constant) {
  const groups = [];
  for (const property of constantOf(file, constant).properties) {
    const comments = ts.getLeadingCommentRanges(file.text, property.getFullStart()) ?? [];
    const titles = comments.map(({ pos, end }) =>
      file.text.slice(pos, end).replace(/^\/\/\s*/, ''),
    );
    if (titles.length > 0) groups.push({ title: sentenceOf(titles.join(' ')), entries: [] });
    groups.at(-1).entries.push({
      code: property.name.getText(file),
      values: property.initializer.arguments.map((argument) => argument.text),
    });
  }
  return groups;
}

/** A comment as a heading: 'Listeners, `spec/core-api.md` 3.3' names a section of the specification. */
function sentenceOf(comment) {
  return comment.replace(/,? `spec\/[\w-]+\.md` (.*)$/, ' (section $1)');
}

function sections(groups, head, rowOf) {
  return groups
    .map(({ title, entries }) => `### ${title}\n\n${table(head, entries.map(rowOf))}`)
    .join('\n\n');
}

export async function errorsPage(root) {
  const framework = groupsOf(await parse(root, FRAMEWORK), 'MICROCLUSTER_ERRORS');
  const database = groupsOf(await parse(root, DATABASE), 'DQLITE_ERRORS');
  return `# Errors

<!-- Made by npm run docs from ${FRAMEWORK} and ${DATABASE}. -->

Codes are stable; texts may be reworded where the wire protocol does not fix them. \`{name}\` stands for what is known when the error occurs. Section numbers are those of the protocol's specification.

## Errors of the framework

\`isMicroclusterError(error, code)\` of \`@microcluster/nest\` recognises them. A client gets the status, the text in the error envelope, and the code in the header \`X-Microcluster-Error\`.

${sections(framework, ['Code', 'Status', 'Text'], ({ code, values: [status, text] }) => [codeCell(code), status, cell(text)])}

## Errors of the database

\`isDqliteError(error, code)\` of \`@microcluster/dqlite\` recognises them. *Repeat* is what may be done again without risking a second effect: the \`statement\`, the \`transaction\`, the work on \`other-node\` that leads now, or \`none\`. *Effect* is what is known of the request that failed. Both are usual values, which an error may narrow down.

${sections(database, ['Code', 'Text', 'Repeat', 'Effect'], ({ code, values: [text, retry, outcome] }) => [codeCell(code), cell(text), retry, outcome])}
`;
}
