/** Which headers of a request go along when it is passed on to another member (`spec/core-api.md` 7.4, RFC 9110 7.6.1). */
import type { IncomingHttpHeaders } from 'node:http';

/** They belong to one connection, or are made anew for the next. */
const HOP_BY_HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * They ask for an answer that only a client that stores or decodes it can use; this member reads the whole answer, as
 * the envelope that it is.
 */
const ABOUT_THE_ANSWER = new Set([
  'accept-encoding',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
]);

/** The headers to send along; those named by `Connection` stay behind too. */
export function forwardedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...ABOUT_THE_ANSWER, ...named]);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || dropped.has(name)) continue;
    kept[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}
