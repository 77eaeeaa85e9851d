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
  /** Value of the header `Retry-After`. */
  readonly retryAfter?: string | undefined;
}

/**
 * The `metadata` of a reply.
 *
 * @param url names the request in errors
 * @throws MicroclusterClientError `REPLIED` with the peer's status and text, or `BAD_REPLY`
 */
export function readEnvelope(reply: ReplyText, url: string): unknown {
  const { status, statusText, text } = reply;
  const retryAfterMs = retryDelay(reply.retryAfter);
  const body = parseOrUndefined(text);
  if (!isEnvelope(body)) {
    if (status !== 200) {
      throw MicroclusterClientError.replied(
        status,
        `Failed to fetch "${url}": "${`${status} ${statusText}`.trim()}"`,
        undefined,
        retryAfterMs,
      );
    }
    throw MicroclusterClientError.local(
      'BAD_REPLY',
      `The reply to ${url} is no Core API reply; check that a daemon answers there, and not a proxy`,
    );
  }
  if (body.type === 'error') {
    const message = typeof body.error === 'string' && body.error !== '' ? body.error : statusText;
    throw MicroclusterClientError.replied(status, message, body.metadata, retryAfterMs);
  }
  return body.metadata;
}

/** Milliseconds that a `Retry-After` header asks for: seconds, or a date (RFC 9110 10.2.3). */
export function retryDelay(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
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
