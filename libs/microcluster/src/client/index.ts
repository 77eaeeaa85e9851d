export {
  Microcluster,
  untilReady,
  type CallOptions,
  type Diagnosis,
  type InitialiseOptions,
  type WaitOptions,
} from '../app/index.js';
export { isClientError, MicroclusterClientError, type ClientErrorCode } from './client-error.js';
export {
  minimumTlsVersion,
  type ClientTarget,
  type MemberTarget,
  type SocketTarget,
} from './endpoint.js';
export {
  NOTIFIER_USER_AGENT,
  type HttpMethod,
  type RawReply,
  type RequestOptions,
} from './exchange.js';
export type { WebSocketOptions } from './web-socket.js';
export {
  MicroclusterClient,
  type BodyOptions,
  type MicroclusterClientOptions,
  type RemoteHooks,
} from './microcluster-client.js';
export type { FollowEventsOptions } from './event-stream.js';
export { fetchPeerCertificate } from './peer-certificate.js';
export type {
  ClusterEvent,
  ClusterEventOf,
  ClusterEventType,
  EventGap,
  StreamedEvent,
} from '../types/cluster-events.js';
export type {
  ClusterMember,
  ClusterMemberLocal,
  Control,
  DaemonConfig,
  DaemonConfigPatch,
  HeartbeatInfo,
  Server,
  ServerConfigs,
  SkippedStep,
  SqlBatch,
  SqlDump,
  SqlResult,
  TokenRecord,
  TokenRequest,
  TokenResponse,
  WireKeyPair,
} from '../types/schemas.js';
export type {
  Check,
  CollectOptions,
  Finding,
  Fix,
  RemovalPlan,
  Severity,
} from '../doctor/index.js';
export type { DqliteMember, RecoveryOptions, RecoveryOutcome } from '../recovery/index.js';
export type { BackupHeader } from '../backup/backup-format.js';
export type { RestoredBackup } from '../app/backups.js';
