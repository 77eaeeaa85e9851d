/** The client of a dqlite cluster. */
export {
  DqliteClient,
  type AcquireOptions,
  type ClientStats,
  type DqliteClientOptions,
  type TransactionOptions,
} from './client.js';
export { ClientLease, type StatementOptions } from './client-lease.js';
export { DqliteConnection, type ConnectOptions } from './connection.js';
export { checkDatabaseName } from './database-name.js';
export type { WaitOptions } from './deadline.js';
export type { QueryResult } from './exchanges.js';
export { LeaderConnector, type LeaderConnectorOptions } from './leader-connector.js';
export type { LeaderAnswer, NodeMetadata } from './node-requests.js';
export type { Consistency } from './read-barrier.js';
export { isRetryable } from './retry.js';
export type { StreamedRow } from './row-buffer.js';
export { splitStatements, type StatementText } from './split-statements.js';
export type { ExecResult } from './sql-session.js';
export { tokens as sqlTokens, type Token as SqlToken } from './sql-tokens.js';
export { classify, classifyAll, type Statement, type StatementKind } from './statement.js';
export type { SchemaGeneration } from './statement-cache.js';
