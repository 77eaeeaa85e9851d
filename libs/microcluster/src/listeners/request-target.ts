/** The target of a request line, split without any cleaning (`spec/core-api.md` 5.1). */
import type { IncomingMessage } from 'node:http';

/** Path and query as they were sent. */
export interface RequestTarget {
  /** Percent-encoded path, starting with `/`; exactly as sent. */
  readonly path: string;
  /** Without the `?`. */
  readonly query: string;
  /** Authority of an absolute-form target, which then replaces the Host header (RFC 9112, 3.2.2). */
  readonly authority?: string;
}

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/i;

/** Splits the request's target; `*` and other odd forms become paths that nothing matches. */
export function requestTarget(request: IncomingMessage): RequestTarget {
  const url = request.url ?? '/';
  const absolute = url.startsWith('/') ? null : ABSOLUTE_FORM.exec(url);
  if (absolute !== null) {
    const [, authority = '', path = '', query = ''] = absolute;
    return { path: path === '' ? '/' : path, query, authority };
  }
  const mark = url.indexOf('?');
  return mark < 0
    ? { path: url, query: '' }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Whether the path belongs to the Core API, which no setting of the user reaches. */
export function isCorePath(path: string): boolean {
  return path === '/core' || path.startsWith('/core/');
}
