/** Connects `?target=` on the Core API and on user's routes to the proxy that sends requests to other members. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest, FastifyInstance } from 'fastify';
import { keepBody, requestContext, targetOf, type ForwardToTarget } from '../access/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { MicroclusterAdapter } from '../listeners/index.js';
import type { TargetProxy } from '../membership/target/target-proxy.js';

/** Bodies of requests that are passed on are kept in memory; larger ones are answered 413. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Passes Core API requests on, and keeps the bodies of user's requests that may have to be passed on. */
export function forwardTargets(adapter: MicroclusterAdapter, proxy: TargetProxy): void {
  adapter.setProxy((target, { method, path, query, headers, rawBody, signal }) =>
    proxy.forward(target, {
      method,
      path,
      query: query.toString(),
      headers,
      body: rawBody,
      signal,
    }),
  );
  const fastify: FastifyInstance = adapter.getInstance();
  fastify.addHook('preParsing', async (request, _reply, payload) => {
    const isProxied =
      adapter.ruleFor(request).proxyTarget &&
      requestContext(request).trusted &&
      targetOf(request.raw) !== '';
    if (!isProxied) return payload;
    const body = await collect(payload);
    keepBody(request.raw, body);
    return Object.assign(Readable.from([body]), { receivedEncodedLength: body.length });
  });
}

/** The provider of `FORWARD_TO_TARGET`: what the interceptor of `@ProxyTarget()` calls. */
export function forwarderOf(proxy: TargetProxy): ForwardToTarget {
  return async (target, request, reply, body) => {
    const gone = abortWhenGone(reply);
    const [path = '', query = ''] = split(request);
    return proxy.forward(target, {
      method: request.method,
      path,
      query,
      headers: request.headers,
      body,
      signal: gone,
    });
  };
}

function split(request: FastifyRequest): [string, string] {
  const url = request.raw.url ?? '/';
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

function abortWhenGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) {
      controller.abort(new Error('The client went away before it was answered'));
    }
  });
  return controller.signal;
}

async function collect(payload: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of payload) {
    const bytes =
      typeof chunk === 'string' || chunk instanceof Uint8Array
        ? Buffer.from(chunk)
        : Buffer.alloc(0);
    size += bytes.length;
    if (size > MAX_BODY_BYTES)
      throw new MicroclusterError('BODY_TOO_LARGE', { limit: MAX_BODY_BYTES });
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
