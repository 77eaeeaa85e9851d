import { encodeBody } from '../types/index.js';
import { streamedEventSchema, type StreamedEvent } from '../types/cluster-events.js';

/** An event as JSON on one line. */
export function wireText(event: StreamedEvent): string {
  return encodeBody(streamedEventSchema, event);
}
