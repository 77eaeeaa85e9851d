/** Replicated SQLite for Node.js: native node, wire client, app layer and TypeORM data source. */
export * from './values.js';
export { timeLimit } from './time-limit.js';
export * from './node-host.js';
export * from './errors/index.js';
export * from './wire/index.js';
export * from './client/index.js';
export * from './native/index.js';
export * from './transport/index.js';
export * from './process/index.js';
export * from './app/index.js';
export * from './typeorm/index.js';
