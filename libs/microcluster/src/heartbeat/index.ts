/** Heartbeats: the leader's rounds and what the other members make of them. */
export * from './decide-receive.js';
export * from './decide-round.js';
export * from './heartbeat-service.js';
export * from './schema-auto-update.js';
export * from './trust-from-table.js';
