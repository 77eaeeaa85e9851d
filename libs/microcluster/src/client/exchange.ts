/** One HTTP request on a connection of its own, with a deadline; undici is loaded on first use. */
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { stringifyJson } from '../types/json.js';
import { isClientError, MicroclusterClientError } from './client-error.js';
import type { Endpoint } from './endpoint.js';

/** Marks a request as already fanned out (`spec/core-api.md` 7.3). */
export const NOTIFIER_USER_AGENT = 'lxd-cluster-notifier';
/** A request gets this long, milliseconds, unless told otherwise (`spec/core-api.md` 4.4). */
export const DEFAULT_TIMEOUT_MS = 30_000;
/** Replies beyond this many bytes are cut off, so that a peer cannot fill our memory. */
const MAX_REPLY_BYTES = 256 * 1024 * 1024;
/** As undici calls it: whoever reads a reply as a stream holds little of it. */
const NO_LIMIT = -1;

export type HttpMethod = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';

/** What can be said about any call. */
export interface RequestOptions {
  /** Ends the call; the connection is closed. */
  readonly signal?: AbortSignal;
  /** Limit of the whole call, milliseconds; 0 for none. Default: the client's, 30,000. */
  readonly timeoutMs?: number;
  /** Let the daemon forward the request to the member of this name (`spec/core-api.md` 7.4). */
  readonly target?: string;
  /** Say that the request must not be fanned out again (`spec/core-api.md` 7.3). Default `false`. */
  readonly notification?: boolean;
  /** Further parameters of the query. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Told of the headers of the reply, by their names in lower case, before its body is read. */
  readonly onHeaders?: (headers: RawReply['headers']) => void;
}

/** One request. */
export interface Exchange extends RequestOptions {
  readonly method: HttpMethod;
  /** From the root, with variables percent-encoded, without a query. */
  readonly path: string;
  /** A value sent as JSON, or bytes or a stream of bytes sent as they are. */
  readonly body?: unknown;
  /** The reply has no end that one could wait for, and therefore no limit of its size. */
  readonly isEndless?: boolean;
}

/** A reply whose body has not been read; it must be read to its end or destroyed. */
export interface RawReply {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Readable;
}

/** Performs `exchange` and hands the open reply to `read`; the connection ends when that settles. */
export async function perform<T>(
  endpoint: Endpoint,
  exchange: Exchange,
  read: (reply: RawReply) => Promise<T>,
): Promise<T> {
  const opened = await open(endpoint, exchange);
  try {
    return await read(opened.reply);
  } catch (error) {
    throw opened.describe(error);
  } finally {
    opened.end();
  }
}

/** Performs `exchange` and leaves the reply open: its deadline ends with the head, its signal lives on. */
export async function performRaw(endpoint: Endpoint, exchange: Exchange): Promise<RawReply> {
  const opened = await open(endpoint, exchange, NO_LIMIT);
  opened.clearDeadline();
  opened.reply.body.once('close', opened.end);
  return opened.reply;
}

/** The URL of an exchange, for error texts. */
export function urlOf(endpoint: Endpoint, exchange: Exchange): string {
  return endpoint.origin + pathOf(exchange);
}

interface OpenExchange {
  readonly reply: RawReply;
  readonly describe: (error: unknown) => unknown;
  readonly clearDeadline: () => void;
  readonly end: () => void;
}

async function open(
  endpoint: Endpoint,
  exchange: Exchange,
  maxReplyBytes: number = MAX_REPLY_BYTES,
): Promise<OpenExchange> {
  const deadline = startDeadline(exchange.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = AbortSignal.any([
    deadline.signal,
    ...(exchange.signal === undefined ? [] : [exchange.signal]),
  ]);
  const { Client } = await import('undici');
  const client = new Client('http://daemon', {
    connect: (_options, callback) => void handOver(endpoint, signal, callback),
    // One connection per request.
    pipelining: 0,
    // The deadline below covers the whole call.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: exchange.isEndless === true ? -1 : maxReplyBytes,
  });
  const describe = (error: unknown) => describeFailure(error, endpoint, exchange, deadline.signal);
  const end = () => {
    deadline.clear();
    client.destroy().catch(() => undefined);
  };
  try {
    const { statusCode, statusText, headers, body } = await client.request({
      ...bodyOf(exchange, endpoint),
      method: exchange.method,
      path: pathOf(exchange),
      signal,
    });
    exchange.onHeaders?.(headers);
    const reply = { status: statusCode, statusText, headers, body };
    return { reply, describe, clearDeadline: deadline.clear, end };
  } catch (error) {
    end();
    throw describe(error);
  }
}

/** Gives undici a socket, or the error that prevented it. */
export async function handOver(
  endpoint: Endpoint,
  signal: AbortSignal,
  callback: (...outcome: [error: Error, socket: null] | [error: null, socket: Socket]) => void,
): Promise<void> {
  let socket: Socket;
  try {
    socket = await endpoint.connect(signal);
  } catch (error) {
    callback(error instanceof Error ? error : new Error(String(error)), null);
    return;
  }
  callback(null, socket);
}

interface Deadline {
  readonly signal: AbortSignal;
  readonly clear: () => void;
}

/** A time limit that can be lifted; 0 and `Infinity` are none. */
export function startDeadline(timeoutMs: number): Deadline {
  const controller = new AbortController();
  const timer =
    timeoutMs > 0 && timeoutMs !== Infinity
      ? setTimeout(() => controller.abort(new Error('The deadline has passed')), timeoutMs)
      : undefined;
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/** Path and query of an exchange. */
export function pathOf({ path, query, target }: Exchange): string {
  const parameters = new URLSearchParams(query);
  if (target !== undefined) parameters.set('target', target);
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

/** The value of `User-Agent`, by which a notification is known. */
export function userAgentOf({ notification }: RequestOptions): string {
  return notification === true ? NOTIFIER_USER_AGENT : 'microcluster';
}

function bodyOf(
  exchange: Exchange,
  endpoint: Endpoint,
): Pick<Dispatcher.RequestOptions, 'headers' | 'body'> {
  const { body, headers } = exchange;
  const sent: Record<string, string> = { host: endpoint.host, accept: 'application/json' };
  sent['user-agent'] = userAgentOf(exchange);
  if (body === undefined) return { headers: { ...sent, ...headers } };
  if (body instanceof Readable) return { headers: { ...sent, ...headers }, body };
  if (body instanceof Uint8Array) return { headers: { ...sent, ...headers }, body };
  sent['content-type'] = 'application/json';
  return { headers: { ...sent, ...headers }, body: stringifyJson(body) };
}

/** An error of undici, of the connection or of the caller's signal, as one sentence. */
export function describeFailure(
  error: unknown,
  endpoint: Endpoint,
  exchange: Exchange,
  deadline: AbortSignal,
): unknown {
  if (isClientError(error)) return error;
  const call = `${exchange.method} ${exchange.path} at ${endpoint.label}`;
  if (exchange.signal?.aborted === true) {
    const { reason } = exchange.signal;
    return isClientError(reason)
      ? reason
      : MicroclusterClientError.local('ABORTED', `The call ${call} was given up`, reason);
  }
  if (deadline.aborted) {
    const limit = exchange.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return MicroclusterClientError.local(
      'TIMEOUT',
      `${endpoint.label} did not answer ${exchange.method} ${exchange.path} within ${limit} ms; check that the daemon is alive, or allow it more time`,
      error,
    );
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // A path or header that cannot be sent is the caller's mistake.
  if (code === 'UND_ERR_INVALID_ARG') return error;
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    const text = `The reply to ${call} exceeds ${MAX_REPLY_BYTES} bytes; ask for less`;
    return MicroclusterClientError.local('BAD_REPLY', text, error);
  }
  if (error instanceof Error && error.name === 'HTTPParserError') {
    const text = `The reply to ${call} is not HTTP; check that a daemon answers there`;
    return MicroclusterClientError.local('BAD_REPLY', text, error);
  }
  return MicroclusterClientError.local(
    'DISCONNECTED',
    `The connection ended before ${endpoint.label} had answered ${exchange.method} ${exchange.path}; look into its log before trying again`,
    error,
  );
}
