/** Statements that damage or kill a dqlite server, or only seem to work, and are therefore never sent (rule 5). */
import { pragmaOf } from './pragma.js';
import { isWord, type Token } from './sql-tokens.js';

const BREAKS_SNAPSHOTS = 'it would leave the data directory unable to start again';
const KILLS = 'it would stop the database server';
const NO_EFFECT = 'it has no effect on a replicated database';

/** Pragmas that are refused when they are given a value. */
const REFUSED_SETTERS: ReadonlyMap<string, string> = new Map([
  ['JOURNAL_MODE', KILLS],
  ['PAGE_SIZE', KILLS],
  ['SYNCHRONOUS', KILLS],
  ['WAL_AUTOCHECKPOINT', KILLS],
  ['LOCKING_MODE', KILLS],
  ['BUSY_TIMEOUT', `${NO_EFFECT}; writers queue on the client instead`],
  ['AUTO_VACUUM', NO_EFFECT],
]);

/** Values of `cache_spill` that leave it off, as every connection needs it (rule 3). */
const OFF = /^(?:0|off|no|false)\b/i;

/** Why the statement must not be sent, as parameters of STATEMENT_REFUSED; undefined when it may. */
export function refusalOf(
  tokens: readonly Token[],
): { statement: string; reason: string } | undefined {
  const inner = withoutExplain(tokens);
  const verb = inner[0];
  if (isWord(verb, 'VACUUM')) return { statement: 'VACUUM', reason: BREAKS_SNAPSHOTS };
  if (isWord(verb, 'ATTACH')) return { statement: 'ATTACH', reason: KILLS };
  if (isWord(verb, 'DETACH')) {
    return { statement: 'DETACH', reason: 'a connection has one database' };
  }
  return isWord(verb, 'PRAGMA') ? refusedPragma(inner) : undefined;
}

function refusedPragma(
  tokens: readonly Token[],
): { statement: string; reason: string } | undefined {
  const { name, argument, value } = pragmaOf(tokens);
  const statement = `PRAGMA ${name.toLowerCase()}`;
  if (name === 'WAL_CHECKPOINT') return { statement, reason: KILLS };
  if (argument === 'none') return undefined;
  if (name === 'CACHE_SPILL' && !OFF.test(value)) {
    return { statement, reason: 'large transactions fail when pages spill' };
  }
  const reason = REFUSED_SETTERS.get(name);
  return reason === undefined ? undefined : { statement: `${statement} with a value`, reason };
}

/** Some pragmas act while they are compiled, so EXPLAIN does not make them harmless. */
function withoutExplain(tokens: readonly Token[]): readonly Token[] {
  if (!isWord(tokens[0], 'EXPLAIN')) return tokens;
  return isWord(tokens[1], 'QUERY') ? tokens.slice(3) : tokens.slice(1);
}
