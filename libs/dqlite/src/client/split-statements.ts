/** Splits SQL text at the semicolons that end statements, leaving those inside trigger bodies alone. */
import { isPunctuation, isWord, tokens, type Token } from './sql-tokens.js';

/** One statement: its tokens, and its text without the semicolon and the comments around it. */
export interface StatementText {
  readonly sql: string;
  readonly tokens: readonly Token[];
}

/** The statements of `sql` in order; empty ones are left out. Never throws, as {@link tokens}. */
export function splitStatements(sql: string): StatementText[] {
  const statements: StatementText[] = [];
  let current: Token[] = [];
  let inTriggerBody = false;
  const finish = (): void => {
    const [first, last] = [current[0], current.at(-1)];
    if (first !== undefined && last !== undefined) {
      statements.push({ sql: sql.slice(first.start, last.end), tokens: current });
    }
    current = [];
    inTriggerBody = false;
  };
  for (const token of tokens(sql)) {
    if (isPunctuation(token, ';') && !inTriggerBody) {
      finish();
      continue;
    }
    // A body ends with the END that follows a semicolon; the END of a CASE never does.
    if (inTriggerBody && isWord(token, 'END') && isPunctuation(current.at(-1), ';')) {
      inTriggerBody = false;
    } else if (isWord(token, 'BEGIN') && startsTrigger(current)) inTriggerBody = true;
    current.push(token);
  }
  finish();
  return statements;
}

/** CREATE [TEMP|TEMPORARY] TRIGGER, also behind EXPLAIN. */
function startsTrigger(statement: readonly Token[]): boolean {
  const words = statement
    .slice(0, 6)
    .map((token) => (token.kind === 'word' ? token.text : ''))
    .join(' ');
  return /^(?:EXPLAIN (?:QUERY PLAN )?)?CREATE (?:TEMP |TEMPORARY )?TRIGGER\b/.test(words);
}
