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

/** The headers to send along; those named by `Connection` stay behind too. */
export function forwardedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || dropped.has(name)) continue;
    kept[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}
