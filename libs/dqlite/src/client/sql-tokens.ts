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
const STRING = /[xX]?'(?:[^']|'')*(?:'|$)/y;
const QUOTED = /"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)/y;
const PARAMETER = /\?\d*|[:@#$][\w$\u0080-\uFFFF]+(?:::[\w$\u0080-\uFFFF]*)*(?:\([^)\s]*\))?/y;
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
    const token = next(match, sql.charAt(offset));
    offset += token.raw.length;
    yield { kind: token.kind, text: token.text, start, end: offset };
  }
}

function next(
  match: (pattern: RegExp) => string | undefined,
  character: string,
): { kind: TokenKind; text: string; raw: string } {
  let raw = match(STRING);
  if (raw !== undefined) return { kind: 'string', text: raw, raw };
  raw = match(WORD);
  if (raw !== undefined) return { kind: 'word', text: raw.toUpperCase(), raw };
  raw = match(QUOTED);
  if (raw !== undefined) return { kind: 'quoted', text: unquote(raw), raw };
  raw = match(PARAMETER);
  if (raw !== undefined) return { kind: 'parameter', text: raw, raw };
  raw = match(NUMBER);
  if (raw !== undefined) return { kind: 'number', text: raw, raw };
  return { kind: 'punctuation', text: character, raw: character };
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
