export { ClusterEvents, type ClusterEventListener } from './cluster-events.js';
export { ClusterObserver, type ReplicationView } from './cluster-observer.js';
export type { EventDraft } from './event-draft.js';
export { EventLog } from './event-log.js';
export { EventStreams } from './event-streams.js';
export { EventWebSockets } from './event-web-sockets.js';
export { EVENT_STREAM_HEADERS, serverSentEvents } from './server-sent-events.js';
export type {
  ClusterEvent,
  ClusterEventOf,
  ClusterEventType,
  EventGap,
  StreamedEvent,
} from '../types/cluster-events.js';
