/** Follows the events of a cluster through one daemon (`GET /core/1.0/events`). */
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import type { StreamedEvent } from '../types/cluster-events.js';
import { isClientError, MicroclusterClientError } from './client-error.js';
import type { Endpoint } from './endpoint.js';
import { describeFailure, performRaw, urlOf, type Exchange } from './exchange.js';
import { readEnvelope } from './read-envelope.js';

export const EVENTS_PATH = '/core/1.0/events';
/** A daemon says every 15 seconds that it is alive; one that is silent for this long is gone, milliseconds. */
const SILENCE_LIMIT_MS = 45_000;
/** No event is as long as this. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** How events are followed. */
export interface FollowEventsOptions {
  /** Ends the iteration; it then rejects with the code `ABORTED`. */
  readonly signal?: AbortSignal;
  /** Limit until the stream is open, milliseconds; 0 for none. Default: the client's, 30,000. */
  readonly timeoutMs?: number;
  /** Go on after the event with this id, as far as the daemon still has what followed it. */
  readonly lastEventId?: string;
  /** Called once the stream is open: whatever happens from then on is yielded. */
  readonly onOpen?: () => void;
}

/**
 * Yields events as they happen. Returns when the daemon ends the stream because it stops or closes the listener.
 *
 * @throws MicroclusterClientError the daemon's refusal, or why the stream broke off
 */
export async function* followEvents(
  endpoint: Endpoint,
  request: Exchange,
  { lastEventId, onOpen }: Pick<FollowEventsOptions, 'lastEventId' | 'onOpen'>,
): AsyncGenerator<StreamedEvent, void, void> {
  const exchange: Exchange = {
    ...request,
    headers: {
      ...request.headers,
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    isEndless: true,
  };
  const reply = await performRaw(endpoint, exchange);
  try {
    if (!isEventStream(reply.headers['content-type'])) {
      const text = await textOf(reply.body);
      readEnvelope(
        { status: reply.status, statusText: reply.statusText, text },
        urlOf(endpoint, exchange),
      );
      throw badReply(endpoint, 'it is no stream of events');
    }
    onOpen?.();
    for await (const data of dataOf(reply.body)) {
      const event = await parse(endpoint, data);
      if (event !== undefined) yield event;
    }
  } catch (error) {
    throw brokenOff(error, endpoint, exchange);
  } finally {
    reply.body.destroy();
  }
}

/** What ends an open stream is the loss of the connection, however the parser takes it. */
function brokenOff(error: unknown, endpoint: Endpoint, exchange: Exchange): unknown {
  if (isClientError(error) || exchange.signal?.aborted === true) {
    return describeFailure(error, endpoint, exchange, new AbortController().signal);
  }
  const text = `The stream of events of ${endpoint.label} broke off; connect again, with the id of the last event`;
  return MicroclusterClientError.local('DISCONNECTED', text, error);
}

/** The `data` of each message, of which ours have one line. Other fields say nothing that it does not. */
async function* dataOf(body: Readable): AsyncGenerator<string, void, void> {
  const decoder = new StringDecoder('utf8');
  const silence = setTimeout(() => {
    body.destroy(new Error(`Nothing was heard for ${SILENCE_LIMIT_MS} ms`));
  }, SILENCE_LIMIT_MS);
  try {
    let rest = '';
    for await (const chunk of body) {
      silence.refresh();
      const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_CHARACTERS) throw new Error('A line of the stream is too long');
      for (const line of lines) if (line.startsWith('data: ')) yield line.slice('data: '.length);
    }
  } finally {
    clearTimeout(silence);
  }
}

/** `undefined` for a kind of event that a newer release reports. */
async function parse(endpoint: Endpoint, data: string): Promise<StreamedEvent | undefined> {
  const [{ isKnownEvent, streamedEventSchema }, { parseValue }, { parseJson }] = await Promise.all([
    import('../types/cluster-events.js'),
    import('../types/parse-body.js'),
    import('../types/json.js'),
  ]);
  try {
    const value = parseJson(data);
    return isKnownEvent(value) ? parseValue(streamedEventSchema, value, 'event') : undefined;
  } catch (cause) {
    throw badReply(endpoint, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function isEventStream(type: string | readonly string[] | undefined): boolean {
  return typeof type === 'string' && type.startsWith('text/event-stream');
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function badReply(endpoint: Endpoint, reason: string, cause?: unknown): MicroclusterClientError {
  const text = `${endpoint.label} gave an unexpected reply to ${EVENTS_PATH}: ${reason}`;
  return MicroclusterClientError.local('BAD_REPLY', text, cause);
}
