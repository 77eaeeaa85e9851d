/** Turns a NestJS application into a member of a highly available cluster. */
export * from './access/index.js';
export { ClusterState, type StatePaths } from './cluster-state/index.js';
export * from './errors/index.js';
export * from './hooks/index.js';
export { MicroclusterAdapter, type MicroclusterAdapterOptions } from './listeners/index.js';
export * from './module/index.js';
export type * from './options/daemon-args.js';
