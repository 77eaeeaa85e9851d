/** Values and names as SQL text that loads back to the same. */
import { SQL_KEYWORDS } from './sql-keywords.js';

/** A text as a literal. */
export function quoteText(text: string): string {
  return wrapLineEnds(`'${text.replaceAll("'", "''")}'`);
}

/** A name, in double quotes where SQLite needs them. */
export function quoteName(name: string): string {
  const isPlain = /^[A-Za-z_]\w*$/.test(name) && !SQL_KEYWORDS.has(name.toUpperCase());
  return isPlain ? name : quoteAlways(name);
}

function quoteAlways(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** 2^300: multiplying and dividing by it is exact, and SQLite of any age reads this text as exactly it. */
const SCALE = '2.037035976334486e+90';

/** The greatest number below infinity. */
const GREATEST = '1.7976931348623157e308';

/**
 * An SQL expression for the literal of a column's value. SQLite's `quote` does most of it, except that
 *
 * - it cuts texts at a zero character;
 * - it has no literal for infinities;
 * - older versions, the one that loads the dump perhaps, misread some numbers below 1e-290; they become quotients.
 *
 * Being an expression, the result has no declared type, so that the wire carries every value as it is
 * (`spec/dqlite.md` A.4).
 */
export function cellLiteralSql(column: string): string {
  const cell = quoteAlways(column);
  return `CASE typeof(${cell})
    WHEN 'text' THEN CASE
      WHEN instr(${cell}, char(0)) > 0 THEN 'CAST(X''' || hex(${cell}) || ''' AS TEXT)'
      ELSE quote(${cell}) END
    WHEN 'real' THEN CASE
      WHEN ${cell} > ${GREATEST} THEN '1e999'
      WHEN ${cell} < -${GREATEST} THEN '-1e999'
      WHEN abs(${cell}) < 1e-280 AND ${cell} <> 0
        THEN quote(${cell} * ${SCALE}) || '/${SCALE}'
      ELSE quote(${cell}) END
    ELSE quote(${cell}) END`;
}

/**
 * Keeps a literal on one line: its line feeds and carriage returns are written as escapes that the text does
 * not contain otherwise, and put back by `replace`. Literals other than texts are returned as they are.
 */
export function wrapLineEnds(literal: string): string {
  return wrapCharacter(wrapCharacter(literal, '\n', 'n', 10), '\r', 'r', 13);
}

function wrapCharacter(literal: string, character: string, letter: string, code: number): string {
  if (!literal.includes(character)) return literal;
  let escape = `\\${letter}`;
  for (let suffix = 0; literal.includes(escape); suffix += 1) escape = `\\${letter}${suffix}`;
  return `replace(${literal.replaceAll(character, escape)},'${escape}',char(${code}))`;
}
