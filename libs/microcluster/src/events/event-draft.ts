import type { ClusterEvent } from '../types/cluster-events.js';

type WithoutId<Event> = Event extends ClusterEvent ? Omit<Event, 'id'> : never;

/** An event before the log has given it its id. */
export type EventDraft = WithoutId<ClusterEvent>;
