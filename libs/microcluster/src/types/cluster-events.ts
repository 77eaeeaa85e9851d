/** What happens to a cluster, as `GET /core/1.0/events` streams it: one schema for each kind of event. */
import { z } from 'zod';
import { timeSchema } from './scalars.js';

const nullableText = z.string().nullable();

const schemaVersions = z.object({
  /** Number of the framework's own schema update. */
  internal: z.number(),
  /** Number of the application's schema updates. */
  external: z.number(),
});

const common = {
  /** Names the event towards the member that reported it; `Last-Event-ID` to go on after it. */
  id: z.string(),
  /** When the reporting member noticed. */
  time: timeSchema,
  /** Name of the member that the event is about. */
  member: z.string(),
};

/** A member has joined: it answers for itself, and is part of the replication. */
const memberJoined = z.object({
  type: z.literal('member-joined'),
  ...common,
  /** `ip:port` */
  address: z.string(),
  /** `voter`, `stand-by` or `spare`; empty when it is not known yet. */
  role: z.string(),
});

/** A member was removed from the cluster. */
const memberLeft = z.object({
  type: z.literal('member-left'),
  ...common,
  address: z.string(),
  /** The role that it had last. */
  role: z.string(),
});

/** The replication gave a member another role. */
const roleChanged = z.object({
  type: z.literal('role-changed'),
  ...common,
  from: z.string(),
  to: z.string(),
});

/** Another member leads, or none; `member` is the new leader, or the old one where there is none now. */
const leaderChanged = z.object({
  type: z.literal('leader-changed'),
  ...common,
  from: nullableText,
  to: nullableText,
});

/** A member has left the leader's heartbeats unanswered in two rounds. */
const memberOffline = z.object({
  type: z.literal('member-offline'),
  ...common,
  /** When it answered last, by the leader's clock. */
  last_heartbeat: timeSchema,
});

/** A member that was offline answers heartbeats again. */
const memberOnline = z.object({
  type: z.literal('member-online'),
  ...common,
  last_heartbeat: timeSchema,
});

/** A member has come up with a newer schema. */
const schemaUpgraded = z.object({
  type: z.literal('schema-upgraded'),
  ...common,
  from: schemaVersions,
  to: schemaVersions,
});

/** A member shows another certificate. */
const certificateUpdated = z.object({
  type: z.literal('certificate-updated'),
  ...common,
  /** `cluster`, `server`, or the name of an additional server. */
  certificate: z.string(),
  /** Lower-case hex SHA-256; `null` when there was none. */
  from: nullableText,
  to: z.string(),
});

/** One event. */
export const clusterEventSchema = z.discriminatedUnion('type', [
  memberJoined,
  memberLeft,
  roleChanged,
  leaderChanged,
  memberOffline,
  memberOnline,
  schemaUpgraded,
  certificateUpdated,
]);

/** Something that happened to the cluster. */
export type ClusterEvent = z.output<typeof clusterEventSchema>;

/** The kinds of events. */
export type ClusterEventType = ClusterEvent['type'];

/** The event of one kind. */
export type ClusterEventOf<Type extends ClusterEventType> = Extract<ClusterEvent, { type: Type }>;

/** First in a stream that could not go on where it was asked to: events may be missing before what follows. */
export const eventGapSchema = z.object({
  type: z.literal('gap'),
  time: timeSchema,
  /** The event after which the stream was to go on. */
  after: z.string(),
});
export type EventGap = z.output<typeof eventGapSchema>;

/** What a stream of events carries. */
export const streamedEventSchema = z.discriminatedUnion('type', [
  ...clusterEventSchema.options,
  eventGapSchema,
]);
export type StreamedEvent = ClusterEvent | EventGap;

/** Whether this release knows events of that kind; newer ones may report more. */
export function isKnownEvent(value: unknown): boolean {
  const type: unknown = Object(value)['type'];
  return streamedEventSchema.options.some((option) => option.shape.type.value === type);
}
