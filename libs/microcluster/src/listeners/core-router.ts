/** Finds the endpoint of a Core API request, decides about access, and runs its handler. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Logger } from '@nestjs/common';
import { decideAccess, type DaemonView, type RequestContext } from '../access/index.js';
import { answerReport, answerSuccess } from '../envelope/index.js';
import { MicroclusterError, describeError } from '../errors/index.js';
import { isSystemError } from '../errors/system-error.js';
import { CorePath } from './core-path.js';
import type { CoreRequest, CoreRouteDefinition } from './core-route.js';
import { INJECTED, listenerOf } from './listener-identity.js';
import { RawReply } from './raw-reply.js';
import { parseRequestBody, readBody } from './request-body.js';
import { noteOutlasting } from './outlasting-requests.js';
import { noteRoute } from './request-observer.js';
import type { RequestTarget } from './request-target.js';

/** Passes a request with `?target=` on to another member; `undefined` when it is for this one. */
export type ProxyRequest = (
  target: string,
  request: CoreRequest,
) => Promise<{ readonly metadata: unknown } | undefined>;

/** All methods of one path. */
interface Endpoint {
  readonly path: CorePath;
  readonly routes: Map<string, CoreRouteDefinition>;
}

interface Found {
  readonly route: CoreRouteDefinition;
  readonly hasHandler: boolean;
  readonly params: Readonly<Record<string, string>>;
}

/** The routes of the Core API. They are matched on the path as it was sent (`spec/core-api.md` 5.1). */
export class CoreRouter {
  private readonly endpoints: Endpoint[] = [];
  private readonly logger = new Logger('CoreApi');
  /** Set by the daemon, which knows the members. */
  proxy: ProxyRequest | undefined;

  /** The endpoints that a listener serves. */
  servedOn(listener: string): readonly CoreRouteDefinition[] {
    return this.endpoints
      .flatMap(({ routes }) => [...routes.values()])
      .filter(({ rule }) => rule.listeners.includes(listener));
  }

  /** @throws MicroclusterError `ROUTE_CONFLICT` when the method and path are taken */
  add(route: CoreRouteDefinition): void {
    const path = new CorePath(route.path);
    let endpoint = this.endpoints.find((known) => known.path.isSameAs(path));
    if (endpoint === undefined) {
      endpoint = { path, routes: new Map() };
      this.endpoints.push(endpoint);
      // A literal part is stronger than a variable one.
      this.endpoints.sort((a, b) => a.path.variables - b.path.variables);
    }
    if (endpoint.routes.has(route.method)) {
      throw new MicroclusterError('ROUTE_CONFLICT', {
        method: route.method,
        path: route.path,
        first: 'the Core API',
        second: 'the Core API',
        listener: route.rule.listeners.join(', '),
      });
    }
    endpoint.routes.set(route.method, route);
  }

  /**
   * Decides whether the request may reach a handler, without running it.
   *
   * @throws MicroclusterError with the status and text of the first check that failed
   */
  admit(
    method: string,
    target: RequestTarget,
    context: RequestContext,
    view: DaemonView,
  ): Omit<Found, 'hasHandler'> {
    const found = this.find(method, target.path, context.listener);
    this.decide(method, found, context, view);
    return found;
  }

  private decide(method: string, found: Found, context: RequestContext, view: DaemonView): void {
    const decision = decideAccess({
      listener: context.listener,
      method,
      hasHandler: found.hasHandler,
      rule: found.route.rule,
      trustBeforeHandler: found.route.trustBeforeHandler,
      isShuttingDown: view.isShuttingDown(),
      database: view.databaseStatus(),
      trusted: context.trusted,
    });
    if (!decision.allow) throw decision.error;
  }

  /** Answers the request; never rejects. */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    target: RequestTarget,
    context: RequestContext,
    view: DaemonView,
  ): Promise<void> {
    const after: (() => void | Promise<void>)[] = [];
    try {
      const method = request.method ?? '';
      const found = this.find(method, target.path, context.listener);
      const { route, params } = found;
      noteRoute(request, route.path);
      if (route.outlastsDrain) noteOutlasting(request);
      this.decide(method, found, context, view);
      const rawBody = route.streamsBody
        ? Buffer.alloc(0)
        : await readBody(request, route.maxBodyBytes);
      const coreRequest: CoreRequest = {
        method,
        path: target.path,
        params,
        query: new URLSearchParams(target.query),
        headers: request.headers,
        body: parseRequestBody(rawBody),
        rawBody,
        bodyStream: route.streamsBody ? request : undefined,
        context,
        signal: clientGone(response),
        draining: (listenerOf(request) ?? INJECTED).draining,
        afterReply: (action) => {
          after.push(action);
        },
      };
      const result = await this.run(route, coreRequest);
      if (result instanceof RawReply) await sendRaw(response, result);
      else answerSuccess(response, result);
    } catch (error) {
      this.fail(request, response, target, error);
    }
    await this.runAfterReply(response, after);
  }

  private async run(route: CoreRouteDefinition, request: CoreRequest): Promise<unknown> {
    const target = request.query.get('target') ?? '';
    if (route.rule.proxyTarget && target !== '' && request.context.trusted && this.proxy) {
      const proxied = await this.proxy(target, request);
      if (proxied !== undefined) return proxied.metadata;
    }
    return await route.handler(request);
  }

  private find(method: string, path: string, listener: string): Found {
    for (const endpoint of this.endpoints) {
      const served = [...endpoint.routes.values()].filter((route) =>
        route.rule.listeners.includes(listener),
      );
      const [first] = served;
      const params = first === undefined ? undefined : endpoint.path.match(path);
      if (first === undefined || params === undefined) continue;
      const exact = served.find((route) => route.method === method);
      return { route: exact ?? first, hasHandler: exact !== undefined, params };
    }
    throw new MicroclusterError('NOT_FOUND', {});
  }

  private fail(
    request: IncomingMessage,
    response: ServerResponse,
    target: RequestTarget,
    error: unknown,
  ): void {
    const report = describeError(error);
    if (report.isDefect) {
      this.logger.error(
        `${request.method ?? ''} ${target.path} failed: ${error instanceof Error ? error.message : String(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
    }
    if (response.headersSent) response.destroy();
    else answerReport(response, report);
  }

  private async runAfterReply(
    response: ServerResponse,
    actions: readonly (() => void | Promise<void>)[],
  ): Promise<void> {
    if (actions.length === 0) return;
    await replied(response);
    for (const action of actions) {
      try {
        await action();
      } catch (error) {
        this.logger.error(
          `What was to be done after a reply failed: ${error instanceof Error ? error.message : String(error)}`,
          error instanceof Error ? error.stack : undefined,
        );
      }
    }
  }
}

/** A signal that aborts when the connection ends before the response has. */
function clientGone(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) {
      controller.abort(new Error('The client went away before it was answered'));
    }
  });
  return controller.signal;
}

/** Settles once the response was flushed or its connection is gone. */
function replied(response: ServerResponse): Promise<void> {
  if (response.writableFinished || response.destroyed || response.closed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('finish', resolve);
    response.once('close', resolve);
  });
}

async function sendRaw(response: ServerResponse, reply: RawReply): Promise<void> {
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  if (typeof reply.body === 'string' || Buffer.isBuffer(reply.body)) {
    response.setHeader('Content-Length', Buffer.byteLength(reply.body));
    response.end(reply.body);
    return;
  }
  try {
    await pipeline(reply.body, response);
  } catch (error) {
    // A client that leaves an answer half read is no fault of ours; the body is destroyed by now.
    if (!isPrematureClose(error)) throw error;
  }
}

function isPrematureClose(error: unknown): boolean {
  return isSystemError(error, 'ERR_STREAM_PREMATURE_CLOSE');
}
