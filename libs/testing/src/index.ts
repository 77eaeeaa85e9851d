/** Tests of applications that use `@microcluster/nest`: without a cluster, and with one. */
export * from './cluster/index.js';
export * from './module/index.js';
export { inject, type AssumedPeer, type InjectRequest } from './inject.js';
