/** Splits a text of several SQL statements where SQLite would (`spec/core-api.md` 23.1). */
import { sqlTokens, type SqlToken } from './sql-tokens.js';

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
  const statements: SqlStatement[] = [];
  let tokens: SqlToken[] = [];
  let inTriggerBody = false;
  const finish = (): void => {
    if (tokens.length > 0) statements.push(describe(text, tokens));
    tokens = [];
    inTriggerBody = false;
  };
  for (const token of sqlTokens(text)) {
    if (isSymbol(token, ';') && !inTriggerBody) {
      finish();
      continue;
    }
    // A body ends with the END that follows a semicolon; the END of a CASE never does.
    if (inTriggerBody && isWord(token, 'END') && isSymbol(tokens.at(-1), ';'))
      inTriggerBody = false;
    else if (isWord(token, 'BEGIN') && startsTrigger(tokens)) inTriggerBody = true;
    tokens.push(token);
  }
  finish();
  return statements;
}

function describe(text: string, tokens: readonly SqlToken[]): SqlStatement {
  const opening: string[] = [];
  for (const token of tokens.slice(0, 3)) {
    if (token.kind !== 'word') break;
    opening.push(token.text);
  }
  const [first, last] = [tokens[0], tokens.at(-1)];
  const sql = text.slice(first?.start, last?.end);
  return { sql, opening, returnsRows: returnsRows(tokens) };
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
    if (isSymbol(token, '(')) depth += 1;
    else if (isSymbol(token, ')')) depth -= 1;
    else if (token.kind === 'word' && depth === 0) words.push(token.text);
  }
  return words;
}

function startsTrigger(tokens: readonly SqlToken[]): boolean {
  const words = tokens.slice(0, 6).map((token) => (token.kind === 'word' ? token.text : ''));
  const create = words.indexOf('CREATE');
  if (create < 0 || !words.slice(0, create).every((word) => /^(EXPLAIN|QUERY|PLAN)$/.test(word)))
    return false;
  const next = words[create + 1];
  return (
    next === 'TRIGGER' ||
    ((next === 'TEMP' || next === 'TEMPORARY') && words[create + 2] === 'TRIGGER')
  );
}

function isSymbol(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text;
}

function isWord(token: SqlToken, text: string): boolean {
  return token.kind === 'word' && token.text === text;
}
