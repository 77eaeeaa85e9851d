/** Splits SQL text at the semicolons that end statements, leaving those inside trigger bodies alone. */
import { tokens, type Token } from './sql-tokens.js';

/** One statement: its tokens, and its text without the semicolon and the comments around it. */
export interface StatementText {
  readonly sql: string;
  readonly tokens: readonly Token[];
}

/** The statements of `sql` in order; empty ones are left out. */
export function splitStatements(sql: string): StatementText[] {
  const statements: StatementText[] = [];
  let current: Token[] = [];
  const finish = (): void => {
    const [first, last] = [current[0], current.at(-1)];
    if (first !== undefined && last !== undefined) {
      statements.push({ sql: sql.slice(first.start, last.end), tokens: current });
    }
    current = [];
  };
  for (const token of tokens(sql)) {
    const isSemicolon = token.kind === 'punctuation' && token.text === ';';
    if (isSemicolon && (!isTrigger(current) || endsTrigger(current))) finish();
    else current.push(token);
  }
  finish();
  return statements;
}

/** CREATE [TEMP|TEMPORARY] TRIGGER, also behind EXPLAIN. */
function isTrigger(statement: readonly Token[]): boolean {
  const words = statement
    .slice(0, 6)
    .map((token) => (token.kind === 'word' ? token.text : ''))
    .join(' ');
  return /^(?:EXPLAIN (?:QUERY PLAN )?)?CREATE (?:TEMP |TEMPORARY )?TRIGGER\b/.test(words);
}

/** A trigger's body ends with END directly after a semicolon; the END of a CASE never follows one. */
function endsTrigger(statement: readonly Token[]): boolean {
  const [semicolon, end] = [statement.at(-2), statement.at(-1)];
  return (
    end?.kind === 'word' &&
    end.text === 'END' &&
    semicolon?.kind === 'punctuation' &&
    semicolon.text === ';'
  );
}
