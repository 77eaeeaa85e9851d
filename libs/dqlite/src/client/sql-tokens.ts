/** Cuts SQL text into tokens the way SQLite's own scanner does; knows no grammar. */

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'punctuation';

export interface Token {
  readonly kind: TokenKind;
  /** Words in upper case; quoted names without their quotes; everything else as written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /[\s\uFEFF]+/y;
const LINE_COMMENT = /--[^\n]*/y;
const BLOCK_COMMENT = /\/\*[^]*?(?:\*\/|$)/y;
const OPENING = /[xX]?'|["`[]/y;
// A parenthesis that nothing closes belongs to it, as in SQLite: to look for the end of each anew takes minutes.
const PARAMETER = /\?\d*|[:@#$][\w$\u0080-\uFFFF]+(?:::[\w$\u0080-\uFFFF]*)*(?:\([^)\s]*\)?)?/y;
const NUMBER = /(?:0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)/y;
const WORD = /[A-Za-z_\u0080-\uFFFF][\w$\u0080-\uFFFF]*/y;

/** The tokens of `sql`, comments and white space left out. Never throws: text that SQLite would reject stays for SQLite. */
export function* tokens(sql: string): Generator<Token> {
  let offset = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(sql)?.[0];
  };
  while (offset < sql.length) {
    const skipped = match(SPACE) ?? match(LINE_COMMENT) ?? match(BLOCK_COMMENT);
    if (skipped !== undefined) {
      offset += skipped.length;
      continue;
    }
    const start = offset;
    const opening = match(OPENING);
    if (opening !== undefined) {
      offset = endOfQuoted(sql, offset + opening.length - 1);
      const raw = sql.slice(start, offset);
      const isString = opening.endsWith("'");
      const text = isString ? raw : unquote(raw);
      yield { kind: isString ? 'string' : 'quoted', text, start, end: offset };
      continue;
    }
    const { kind, raw } = next(match, sql.charAt(offset));
    offset += raw.length;
    yield { kind, text: kind === 'word' ? raw.toUpperCase() : raw, start, end: offset };
  }
}

/**
 * The offset after the quoted text that opens at `start`; a doubled quote stays inside, an open one runs to
 * the end. No regular expression: it would need a stack as long as the text, which may hold megabytes.
 */
function endOfQuoted(sql: string, start: number): number {
  const opening = sql.charAt(start);
  if (opening === '[') return after(sql.indexOf(']', start + 1), sql);
  let end = sql.indexOf(opening, start + 1);
  while (end !== -1 && sql.charAt(end + 1) === opening) {
    end = sql.indexOf(opening, end + 2);
  }
  return after(end, sql);
}

function after(end: number, sql: string): number {
  return end === -1 ? sql.length : end + 1;
}

function next(
  match: (pattern: RegExp) => string | undefined,
  character: string,
): { kind: TokenKind; raw: string } {
  const word = match(WORD);
  if (word !== undefined) return { kind: 'word', raw: word };
  const parameter = match(PARAMETER);
  if (parameter !== undefined) return { kind: 'parameter', raw: parameter };
  const number = match(NUMBER);
  if (number !== undefined) return { kind: 'number', raw: number };
  return { kind: 'punctuation', raw: character };
}

function unquote(raw: string): string {
  const quote = raw.charAt(0);
  const inner = raw.slice(1, -1);
  return quote === '[' ? inner : inner.replaceAll(quote + quote, quote);
}

/** Whether `token` is the keyword `text` (upper case). */
export function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}

export function isPunctuation(token: Token | undefined, text: string): boolean {
  return token?.kind === 'punctuation' && token.text === text;
}
