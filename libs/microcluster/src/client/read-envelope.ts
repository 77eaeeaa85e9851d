/** Takes the payload out of a reply, or the error (`spec/core-api.md` 5.2). */
import { parseJson } from '../types/json.js';
import { MicroclusterClientError } from './client-error.js';

/** A reply as it came. */
export interface ReplyText {
  /** HTTP status. */
  readonly status: number;
  /** Reason phrase of the status line. */
  readonly statusText: string;
  readonly text: string;
}

/**
 * The `metadata` of a reply.
 *
 * @param url names the request in errors
 * @throws MicroclusterClientError `REPLIED` with the peer's status and text, or `BAD_REPLY`
 */
export function readEnvelope(reply: ReplyText, url: string): unknown {
  const { status, statusText, text } = reply;
  const body = parseOrUndefined(text);
  if (!isEnvelope(body)) {
    if (status !== 200) {
      throw MicroclusterClientError.replied(
        status,
        `Failed to fetch "${url}": "${`${status} ${statusText}`.trim()}"`,
      );
    }
    throw MicroclusterClientError.local(
      'BAD_REPLY',
      `The reply to ${url} is no Core API reply; check that a daemon answers there, and not a proxy`,
    );
  }
  if (body.type === 'error') {
    const message = typeof body.error === 'string' && body.error !== '' ? body.error : statusText;
    throw MicroclusterClientError.replied(status, message, body.metadata);
  }
  return body.metadata;
}

interface Envelope {
  readonly type: unknown;
  readonly error?: unknown;
  readonly metadata?: unknown;
}

function isEnvelope(body: unknown): body is Envelope {
  return (
    typeof body === 'object' && body !== null && 'type' in body && typeof body.type === 'string'
  );
}

function parseOrUndefined(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
