/** Opens a WebSocket over the connections that requests use; undici speaks the protocol. */
import type { Socket } from 'node:net';
import type { Dispatcher, WebSocket } from 'undici';
import type { Endpoint } from './endpoint.js';
import {
  DEFAULT_TIMEOUT_MS,
  describeFailure,
  handOver,
  pathOf,
  startDeadline,
  urlOf,
  userAgentOf,
  type Exchange,
  type RequestOptions,
} from './exchange.js';
import { readEnvelope } from './read-envelope.js';

/** How a WebSocket is opened. */
export interface WebSocketOptions extends RequestOptions {
  /** Subprotocols that the caller speaks, the preferred one first. */
  readonly protocols?: readonly string[];
}

/** Of the answer of a daemon that refuses, this many bytes are read. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Opens a WebSocket.
 *
 * @throws MicroclusterClientError the daemon's refusal, or why it could not be asked
 */
export async function openWebSocket(
  endpoint: Endpoint,
  exchange: Exchange,
  protocols: readonly string[] = [],
): Promise<WebSocket> {
  const deadline = startDeadline(exchange.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signals = exchange.signal === undefined ? [] : [exchange.signal];
  const signal = AbortSignal.any([deadline.signal, ...signals]);
  const undici = await import('undici');

  let connection: Socket | undefined;
  const client = new undici.Client('http://daemon', {
    connect: (_options, callback) =>
      void handOver(endpoint, signal, (...outcome) => {
        connection = outcome[1] ?? undefined;
        callback(...outcome);
      }),
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const end = () => {
    deadline.clear();
    signal.removeEventListener('abort', end);
    connection?.destroy();
    client.destroy().catch(() => undefined);
  };
  try {
    const refusal = new Refusal(endpoint, urlOf(endpoint, exchange));
    const opened = new undici.WebSocket(`ws://daemon${pathOf(exchange)}`, {
      protocols: [...protocols],
      dispatcher: client.compose((dispatch) => refusal.watch(dispatch)),
      headers: { ...exchange.headers, 'user-agent': userAgentOf(exchange) },
    });
    opened.addEventListener('close', end, { once: true });
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await new Promise<void>((resolve, reject) => {
      opened.addEventListener('open', () => resolve(), { once: true });
      opened.addEventListener('error', ({ error }) => reject(refusal.reason ?? error), {
        once: true,
      });
    });
    deadline.clear();
    return opened;
  } catch (error) {
    end();
    throw describeFailure(error, endpoint, exchange, deadline.signal);
  }
}

/** Keeps what undici's WebSocket does not tell: why it was not opened. */
class Refusal {
  /** What went wrong; undefined while nothing has. */
  reason: unknown;

  constructor(
    private readonly endpoint: Endpoint,
    private readonly url: string,
  ) {}

  /** Watches the request of the handshake, and gives it the right `Host`. */
  watch(dispatch: Dispatcher['dispatch']): Dispatcher['dispatch'] {
    return (options, handler) => {
      const headers = { ...headersOf(options), host: this.endpoint.host };
      return dispatch({ ...options, headers }, this.#listen(handler));
    };
  }

  #listen(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    let statusText = '';
    const refuse = (controller: Dispatcher.DispatchController) => {
      try {
        const text = Buffer.concat(chunks).toString('utf8');
        readEnvelope({ status, statusText, text }, this.url);
        this.reason = new Error(`${this.endpoint.label} answered without opening a WebSocket`);
      } catch (error) {
        this.reason = error;
      }
      const failure = this.reason instanceof Error ? this.reason : new Error('refused');
      handler.onResponseError?.(controller, failure);
    };
    return {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onRequestUpgrade: (controller, statusCode, headers, socket) =>
        handler.onRequestUpgrade?.(controller, statusCode, headers, socket),
      onResponseStart: (_controller, statusCode, _headers, statusMessage) => {
        status = statusCode;
        statusText = statusMessage ?? '';
      },
      onResponseData: (_controller, chunk) => {
        size += chunk.length;
        if (size <= MAX_REFUSAL_BYTES) chunks.push(chunk);
      },
      onResponseEnd: refuse,
      onResponseError: (controller, error) => {
        this.reason ??= error;
        handler.onResponseError?.(controller, error);
      },
    };
  }
}

/** The headers of a dispatch, which undici's WebSocket gives as an object. */
function headersOf({ headers }: Dispatcher.DispatchOptions): Record<string, unknown> {
  return typeof headers === 'object' && headers !== null ? { ...headers } : {};
}
