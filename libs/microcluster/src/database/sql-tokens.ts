/** Cuts SQL into SQLite's tokens, without understanding it further. */

/** What a token is; comments and white space are no tokens. */
export type SqlTokenKind =
  /** A bare word: keyword or identifier. */
  | 'word'
  /** An identifier in double quotes, back-ticks or brackets. */
  | 'quoted'
  /** A text or blob in single quotes. */
  | 'literal'
  /** Anything else, one character at a time: operators, digits, parameters, `;`. */
  | 'symbol';

/** A token and where it stands in the text. */
export interface SqlToken {
  readonly kind: SqlTokenKind;
  /** As written; words in upper case. */
  readonly text: string;
  readonly start: number;
  /** Offset after its last character. */
  readonly end: number;
}

// SQLite's own rules: a doubled quote stays inside, brackets have no escape, an open comment runs to the end.
const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?<quoted>"[^"]*(?:""[^"]*)*(?:"|$)|`[^`]*(?:``[^`]*)*(?:`|$)|\[[^\]]*(?:\]|$))|(?<literal>'[^']*(?:''[^']*)*(?:'|$))|(?<word>[A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*)|(?<symbol>[\s\S])/gu;

/** The tokens of `sql`, in order. Never throws: SQLite is the one to complain about broken text. */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  for (const match of sql.matchAll(TOKEN)) {
    const { quoted, literal, word, symbol } = match.groups ?? {};
    const text = quoted ?? literal ?? word?.toUpperCase() ?? symbol;
    if (text === undefined) continue;
    const kind =
      quoted !== undefined
        ? 'quoted'
        : literal !== undefined
          ? 'literal'
          : word !== undefined
            ? 'word'
            : 'symbol';
    yield { kind, text, start: match.index, end: match.index + match[0].length };
  }
}
