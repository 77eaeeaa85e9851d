/** The replicated database as the framework sees it: its schema, its tables, and SQL for operators. */
export * from './check-versions.js';
export * from './core-schema.js';
export * from './global-patch.js';
export * from './members-table.js';
export * from './release-exchange.js';
export * from './reservations-table.js';
export * from './schema-update-error.js';
export * from './schema-updates.js';
export * from './schema-versions.js';
export * from './sql-executor.js';
export * from './sql-time.js';
export * from './tokens-table.js';
export * from './typeorm-session.js';
export * from './sql-batch.js';
export * from './sql-console.js';
export * from './sql-dump.js';
export * from './sql-splitter.js';
