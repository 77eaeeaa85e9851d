/** Turns a NestJS application into a member of a highly available cluster. */
export {
  AccessHandler,
  AllowedBeforeInit,
  AllowedDuringShutdown,
  AllowUntrusted,
  callerOf,
  CORE_LISTENER,
  CoreApi,
  InitializedGuard,
  IsNotification,
  Listener,
  ListenerGuard,
  Peer,
  PRE_INIT_LISTENER,
  PreInit,
  ProxyTarget,
  RawResponse,
  requestContext,
  Server,
  ServeUnix,
  TrustGuard,
  UNIX_LISTENER,
  type AccessCheck,
  type RequestContext,
  type RequestPeer,
} from './access/index.js';
export { ClusterState, type StatePaths } from './cluster-state/index.js';
export { Consistency } from './read-consistency/index.js';
export * from './errors/index.js';
export { Health, type HealthCheck, type HealthReport } from './health/index.js';
export {
  ClusterEvents,
  type ClusterEvent,
  type ClusterEventListener,
  type ClusterEventOf,
  type ClusterEventType,
} from './events/index.js';
export * from './hooks/index.js';
export * from './logging/index.js';
export { MicroclusterAdapter, type MicroclusterAdapterOptions } from './listeners/index.js';
export { Metrics } from './metrics/index.js';
export * from './module/index.js';
export type { SqlExecutor } from './database/sql-executor.js';
export type { ExternalUpdate, SchemaUpdate } from './database/schema-updates.js';
export type * from './options/daemon-args.js';
