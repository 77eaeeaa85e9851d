/** The statements of a text of SQL, and what running each takes (`spec/core-api.md` 23.1). */
import { splitStatements as split, type SqlToken } from '@microcluster/dqlite';

/** One statement of a batch. */
export interface SqlStatement {
  /** Its text, without the semicolon and without comments before and after it. */
  readonly sql: string;
  /** Its first words in upper case, at most three: `CREATE TEMP TRIGGER`. */
  readonly opening: readonly string[];
  /** Whether it returns rows, judged by its text. */
  readonly returnsRows: boolean;
}

/**
 * Splits at semicolons outside of literals, quoted identifiers, comments and trigger bodies. Parts that
 * contain nothing but white space and comments are dropped.
 */
export function splitStatements(text: string): SqlStatement[] {
  return split(text).map(({ sql, tokens }) => ({
    sql,
    opening: openingOf(tokens),
    returnsRows: returnsRows(tokens),
  }));
}

function openingOf(tokens: readonly SqlToken[]): string[] {
  const first = tokens.slice(0, 3);
  const end = first.findIndex(({ kind }) => kind !== 'word');
  return (end === -1 ? first : first.slice(0, end)).map(({ text }) => text);
}

const READING = new Set(['SELECT', 'VALUES', 'EXPLAIN', 'PRAGMA']);
const WRITING = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE']);

function returnsRows(tokens: readonly SqlToken[]): boolean {
  const outer = outermostWords(tokens);
  const verb =
    outer[0] === 'WITH' ? outer.find((word) => READING.has(word) || WRITING.has(word)) : outer[0];
  if (verb === undefined) return false;
  return READING.has(verb) || (WRITING.has(verb) && outer.includes('RETURNING'));
}

function outermostWords(tokens: readonly SqlToken[]): string[] {
  const words: string[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (isPunctuation(token, '(')) depth += 1;
    else if (isPunctuation(token, ')')) depth -= 1;
    else if (token.kind === 'word' && depth === 0) words.push(token.text);
  }
  return words;
}

function isPunctuation({ kind, text }: SqlToken, wanted: string): boolean {
  return kind === 'punctuation' && text === wanted;
}
