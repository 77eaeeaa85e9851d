/** `GET /core/1.0/events`: what happens to the cluster, as server-sent events or over a WebSocket. */
import { Injectable } from '@nestjs/common';
import { CORE_LISTENER, UNIX_LISTENER } from '../access/index.js';
import {
  EVENT_STREAM_HEADERS,
  EventStreams,
  EventWebSockets,
  serverSentEvents,
} from '../events/index.js';
import { CoreRoute, RawReply, type CoreRequest, type CoreUpgrade } from '../listeners/index.js';

/** Both ways to follow share the path and its access rule; an upgrade makes the difference. */
export const EVENTS_PATH = '/core/1.0/events';

/** Stands in for the header where a client cannot send one, as a WebSocket of a browser. */
const LAST_ID_PARAMETER = 'last_event_id';

@Injectable()
export class EventsEndpoints {
  private readonly webSockets = new EventWebSockets();

  constructor(private readonly streams: EventStreams) {}

  @CoreRoute('GET', EVENTS_PATH, {
    listeners: [UNIX_LISTENER, CORE_LISTENER],
    allowedBeforeInit: true,
    doc: {
      summary: 'Follow what happens to the cluster',
      query: {
        [LAST_ID_PARAMETER]: 'The id of the last event that was seen, to go on from there.',
      },
      rawType: 'text/event-stream',
    },
  })
  follow({ headers, query, signal, draining }: CoreRequest): RawReply {
    this.streams.requireRoom();
    const { body, sink } = serverSentEvents();
    void this.streams.serve(lastIdOf(headers, query), AbortSignal.any([signal, draining]), sink);
    return new RawReply(200, body, EVENT_STREAM_HEADERS);
  }

  upgrade({ request, socket, head, query, draining }: CoreUpgrade): void {
    this.streams.requireRoom();
    this.webSockets.accept(request, socket, head, (sink, gone) => {
      const after = lastIdOf(request.headers, query);
      void this.streams.serve(after, AbortSignal.any([gone, draining]), sink);
    });
  }
}

function lastIdOf(headers: CoreRequest['headers'], query: URLSearchParams): string | undefined {
  const sent = headers['last-event-id'] ?? query.get(LAST_ID_PARAMETER) ?? '';
  const id = Array.isArray(sent) ? sent.join() : sent;
  return id === '' ? undefined : id;
}
