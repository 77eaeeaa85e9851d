/** The TypeORM data source and the engines it runs on. */
export { DqliteDataSource, type DqliteDataSourceOptions } from './orm/data-source.js';
export type {
  SqlAcquireOptions,
  SqlCallOptions,
  SqlConnection,
  SqlEngine,
  SqlEngineStats,
  SqlExecutor,
  SqlResult,
  SqlRow,
  TransactionMode,
} from './engine.js';
export type { RetryCallOptions } from './orm/retrying-calls.js';
export { withSqlOptions } from './orm/query-options.js';
export { SqliteEngine, type SqliteEngineOptions } from './sqlite/sqlite-engine.js';
export { DqliteEngine, type DqliteEngineOptions } from './dqlite/dqlite-engine.js';
export { ForwardingConnection, ForwardingEngine } from './forwarding-engine.js';
export {
  observeEngine,
  type ObservedTransaction,
  type TransactionObserver,
} from './observe-engine.js';
