/** Events as server-sent events (the `text/event-stream` of the HTML standard). */
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { Followed } from './event-log.js';
import type { EventSink } from './event-streams.js';
import { wireText } from './wire-text.js';

export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // A proxy in between shall not wait until it has collected some.
  'X-Accel-Buffering': 'no',
};

/** Makes the body of an answer, and what writes into it. */
export function serverSentEvents(): { readonly body: Readable; readonly sink: EventSink } {
  const body = new PassThrough();
  // The client learns at once that it is connected; an answer without a body has no head either.
  body.write(': connected\n\n');
  const sink: EventSink = {
    async send(item) {
      if (!body.write(frameOf(item))) await once(body, 'drain');
    },
    end: () => body.end(),
    cut: () => body.destroy(),
  };
  return { body, sink };
}

function frameOf(item: Followed): string {
  if (item === 'idle') return ': keep-alive\n\n';
  const id = item.type === 'gap' ? '' : `id: ${item.id}\n`;
  return `${id}event: ${item.type}\ndata: ${wireText(item)}\n\n`;
}
