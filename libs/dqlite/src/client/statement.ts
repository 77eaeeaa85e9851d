/** What a statement is and does, as far as the client must know before it sends it. */
import { DqliteError } from '../errors/index.js';
import { pragmaOf } from './pragma.js';
import { refusalOf } from './refused-statements.js';
import { splitStatements, type StatementText } from './split-statements.js';
import { isPunctuation, isWord, type Token } from './sql-tokens.js';

export type StatementKind =
  'read' | 'write' | 'begin' | 'commit' | 'rollback' | 'savepoint' | 'ddl' | 'pragma';

/** A statement, classified. */
export interface Statement {
  /** Without the final semicolon and the comments around it. */
  readonly sql: string;
  readonly kind: StatementKind;
  /** Whether it has a RETURNING clause. */
  readonly returning: boolean;
  /** Whether it yields rows and therefore has to be sent as a query. */
  readonly useQuery: boolean;
  /** Whether it takes the database's write lock (or, as COMMIT, makes writes durable). */
  readonly writes: boolean;
  /** Whether it writes and yields rows at once, which dqlite survives only within a transaction (rule 4). */
  readonly needsTransaction: boolean;
  /** Whether it leaves something behind on its connection (a setting, a temporary table). */
  readonly taints: boolean;
  /** Whether its columns depend on the schema (`*`), so that the connection must know the newest one. */
  readonly followsSchema: boolean;
  /** Whether a prepared form stays valid when another client changes the schema. */
  readonly preparable: boolean;
  /** Number of values that it takes. */
  readonly parameterCount: number;
  readonly beginMode?: 'deferred' | 'immediate' | 'exclusive';
  readonly savepoint?: { readonly action: 'open' | 'release' | 'rollback'; readonly name: string };
}

const WRITE_VERBS = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE']);
const MAIN_VERBS = new Set([...WRITE_VERBS, 'SELECT', 'VALUES']);
const SCHEMA_VERBS = new Set(['CREATE', 'ALTER', 'DROP', 'ANALYZE', 'REINDEX']);

/** Pragmas that yield rows also when a value is given. */
const YIELDING_SETTERS = new Set([
  'ANALYSIS_LIMIT',
  'HARD_HEAP_LIMIT',
  'JOURNAL_SIZE_LIMIT',
  'MAX_PAGE_COUNT',
  'MMAP_SIZE',
  'SECURE_DELETE',
  'SOFT_HEAP_LIMIT',
  'THREADS',
]);
/** Pragmas with `(argument)` that only read. */
const READING_CALLS = new Set([
  'FOREIGN_KEY_CHECK',
  'FOREIGN_KEY_LIST',
  'INDEX_INFO',
  'INDEX_LIST',
  'INDEX_XINFO',
  'INTEGRITY_CHECK',
  'QUICK_CHECK',
  'TABLE_INFO',
  'TABLE_LIST',
  'TABLE_XINFO',
]);
/** Pragmas that write to the database while they yield rows. */
const WRITING_PRAGMAS = new Set(['OPTIMIZE', 'INCREMENTAL_VACUUM']);
/** Pragmas whose setters change the database file, not the connection. */
const PERSISTENT_SETTERS = new Set(['USER_VERSION', 'APPLICATION_ID', 'SCHEMA_VERSION']);

const CACHE_ENTRIES = 1000;
const CACHED_SQL_LENGTH = 8192;
const cache = new Map<string, readonly Statement[]>();

/**
 * Classifies the only statement of `sql`.
 *
 * @throws DqliteError STATEMENT_REFUSED when dqlite cannot carry the statement, or there is not exactly one
 */
export function classify(sql: string): Statement {
  const statements = classifyAll(sql);
  const [only] = statements;
  if (only === undefined || statements.length > 1) {
    throw new DqliteError('STATEMENT_REFUSED', {
      statement: only === undefined ? 'An empty text' : `A text of ${statements.length} statements`,
      reason: 'exactly one statement is expected here; dqlite would ignore the others',
    });
  }
  return only;
}

/**
 * Classifies every statement of `sql`. Results are kept for texts that come again.
 *
 * @throws DqliteError STATEMENT_REFUSED when dqlite cannot carry one of them
 */
export function classifyAll(sql: string): readonly Statement[] {
  const known = cache.get(sql);
  if (known !== undefined) return known;
  if (sql.includes('\0')) {
    throw new DqliteError('STATEMENT_REFUSED', {
      statement: 'A text with a NUL character',
      reason: 'dqlite would ignore everything after it',
    });
  }
  const statements = splitStatements(sql).map(describe);
  if (sql.length <= CACHED_SQL_LENGTH) {
    if (cache.size >= CACHE_ENTRIES) forgetOldest();
    cache.set(sql, statements);
  }
  return statements;
}

function forgetOldest(): void {
  for (const key of cache.keys()) {
    cache.delete(key);
    return;
  }
}

function describe({ sql, tokens }: StatementText): Statement {
  const refusal = refusalOf(tokens);
  if (refusal !== undefined) throw new DqliteError('STATEMENT_REFUSED', refusal);
  const verb = mainVerb(tokens);
  const base: Statement = {
    sql,
    kind: 'write',
    returning: false,
    useQuery: false,
    writes: true,
    needsTransaction: false,
    taints: false,
    followsSchema: selectsStar(tokens),
    preparable: false,
    parameterCount: countParameters(tokens),
  };
  if (verb === 'SELECT' || verb === 'VALUES' || verb === 'EXPLAIN') {
    const preparable = verb !== 'EXPLAIN' && !base.followsSchema;
    return { ...base, kind: 'read', useQuery: true, writes: false, preparable };
  }
  if (WRITE_VERBS.has(verb)) {
    const returning = tokens.some((token) => isWord(token, 'RETURNING'));
    const preparable = !base.followsSchema;
    return { ...base, returning, useQuery: returning, needsTransaction: returning, preparable };
  }
  if (SCHEMA_VERBS.has(verb)) {
    return { ...base, kind: 'ddl', taints: concernsTemporary(tokens) };
  }
  if (verb === 'PRAGMA') return describePragma(base, tokens);
  return describeTransactionControl(base, verb, tokens);
}

function describeTransactionControl(
  base: Statement,
  verb: string,
  tokens: readonly Token[],
): Statement {
  switch (verb) {
    case 'BEGIN': {
      const mode = tokens[1];
      const immediate = isWord(mode, 'IMMEDIATE');
      const exclusive = isWord(mode, 'EXCLUSIVE');
      const beginMode = immediate ? 'immediate' : exclusive ? 'exclusive' : 'deferred';
      return { ...base, kind: 'begin', writes: immediate || exclusive, beginMode };
    }
    case 'COMMIT':
    case 'END':
      return { ...base, kind: 'commit' };
    case 'ROLLBACK': {
      const to = tokens.findIndex((token) => isWord(token, 'TO'));
      if (to === -1) return { ...base, kind: 'rollback', writes: false };
      const name = savepointName(tokens.slice(to + 1));
      return { ...base, kind: 'savepoint', writes: false, savepoint: { action: 'rollback', name } };
    }
    case 'SAVEPOINT':
    case 'RELEASE': {
      const action = verb === 'SAVEPOINT' ? 'open' : 'release';
      const name = savepointName(tokens.slice(1));
      return { ...base, kind: 'savepoint', writes: false, savepoint: { action, name } };
    }
    default:
      // Not SQL as we know it: the server will say so.
      return base;
  }
}

function describePragma(base: Statement, tokens: readonly Token[]): Statement {
  const { name, argument } = pragmaOf(tokens);
  const reads = argument === 'none' || (argument === 'call' && READING_CALLS.has(name));
  const writesDatabase = WRITING_PRAGMAS.has(name);
  return {
    ...base,
    kind: 'pragma',
    useQuery: reads || writesDatabase || YIELDING_SETTERS.has(name),
    writes: writesDatabase || (!reads && PERSISTENT_SETTERS.has(name)),
    needsTransaction: writesDatabase,
    taints: !reads && !PERSISTENT_SETTERS.has(name) && !writesDatabase,
  };
}

/** The first word, or for a statement that starts with WITH the verb after its last table expression. */
function mainVerb(tokens: readonly Token[]): string {
  const first = tokens[0];
  if (first?.kind !== 'word') return isPunctuation(first, '(') ? 'SELECT' : '';
  if (first.text !== 'WITH') return first.text;
  let depth = 0;
  for (const [i, token] of tokens.entries()) {
    if (isPunctuation(token, '(')) depth++;
    else if (isPunctuation(token, ')')) depth--;
    else if (depth === 0 && token.kind === 'word' && MAIN_VERBS.has(token.text)) {
      if (isPunctuation(tokens[i - 1], ')')) return token.text;
    }
  }
  return '';
}

/** Whether a schema statement says TEMP behind its verb, or names something in the schema of that name. */
function concernsTemporary(tokens: readonly Token[]): boolean {
  return tokens.some(
    (token, i) => isTemporary(token) && (i === 1 || isPunctuation(tokens[i + 1], '.')),
  );
}

/** As a keyword or as a name, which SQLite takes in single quotes as well. */
function isTemporary({ kind, text }: Token): boolean {
  if (kind !== 'word' && kind !== 'quoted' && kind !== 'string') return false;
  return /^'?temp(?:orary)?'?$/i.test(text);
}

/** Whether `*` stands for columns somewhere (or multiplies: no harm in taking that for the same). */
function selectsStar(tokens: readonly Token[]): boolean {
  return tokens.some((token, i) => isPunctuation(token, '*') && !isPunctuation(tokens[i - 1], '('));
}

/** By SQLite's numbering: `?` is one more than the largest so far, `?N` is N, each name counts once. */
function countParameters(tokens: readonly Token[]): number {
  let largest = 0;
  const names = new Set<string>();
  for (const { kind, text } of tokens) {
    if (kind !== 'parameter') continue;
    if (text === '?') largest++;
    else if (text.startsWith('?')) largest = Math.max(largest, Number(text.slice(1)));
    else if (!names.has(text)) {
      names.add(text);
      largest++;
    }
  }
  return largest;
}

function savepointName(tokens: readonly Token[]): string {
  const at = isWord(tokens[0], 'SAVEPOINT') && tokens.length > 1 ? 1 : 0;
  return (tokens[at]?.text ?? '').toUpperCase();
}
