/** Endpoints of the Core API as decorated methods: what they declare and what they are called with. */
import 'reflect-metadata';
import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { Readable } from 'node:stream';
import {
  CORE_LISTENER,
  PRE_INIT_LISTENER,
  UNIX_LISTENER,
  type AccessRule,
  type RequestContext,
} from '../access/index.js';

/** Methods that an endpoint may have (`spec/core-api.md` 5.1). */
export type EndpointMethod = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';

/** What a handler of the Core API is called with. */
export interface CoreRequest {
  readonly method: string;
  /** As sent, percent-encoded. */
  readonly path: string;
  /** Values of the `{name}` parts of the path, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON body; integers beyond 2^53 are `bigint`. `undefined` when there was none. */
  readonly body: unknown;
  /** The body's bytes; empty when there was none. */
  readonly rawBody: Buffer;
  /** The body as it comes, for an endpoint that has asked for it; nothing else of the body is there then. */
  readonly bodyStream: Readable | undefined;
  readonly context: RequestContext;
  /** Aborted when the client goes away before it was answered. */
  readonly signal: AbortSignal;
  /** Aborted when the listener that the request came in on begins to close: an endless answer ends then. */
  readonly draining: AbortSignal;
  /**
   * Runs `action` once, after the answer has been handed to the operating system or the client has gone
   * away: for what would otherwise cut the connection that it is answered on, such as a reset.
   */
  afterReply(action: () => void | Promise<void>): void;
}

/** What the OpenAPI document says of an endpoint. */
export interface CoreRouteDoc {
  /** One sentence without a full stop. */
  readonly summary: string;
  /** The schema that parses the body; missing: there is none. */
  readonly body?: z.ZodType;
  /** The schema that encodes the metadata of the answer; missing: nothing is returned. */
  readonly reply?: z.ZodType;
  /** What each parameter of the query means. */
  readonly query?: Readonly<Record<string, string>>;
  /** The answer has no envelope but this Content-Type; empty: it has no body. */
  readonly rawType?: string;
}

/** Settings of an endpoint; all default to the strictest. */
export interface CoreRouteOptions {
  /** Listeners that serve it. Default by its prefix (`spec/core-api.md` 4.1). */
  readonly listeners?: readonly string[];
  /** Answer also while the database is closed. Default `false`. */
  readonly allowedBeforeInit?: boolean;
  /** Answer also while the database waits for an upgrade. Default `false`. */
  readonly allowedWhileWaiting?: boolean;
  /** Answer also while the daemon is stopping. Default `false`. */
  readonly allowedDuringShutdown?: boolean;
  /** Answer also callers that are not trusted. Default `false`. */
  readonly allowUntrusted?: boolean;
  /** Pass trusted requests with `?target=` on to that member. Default `false`. */
  readonly proxyTarget?: boolean;
  /** Refuse strangers before a missing handler is noticed (the database path). Default `false`. */
  readonly trustBeforeHandler?: boolean;
  /** Largest body, bytes. Default 4 MiB. Larger ones are answered 413. */
  readonly maxBodyBytes?: number;
  readonly doc?: CoreRouteDoc;
  /** Hand the body to the handler as a stream, whatever its size. Default `false`. */
  readonly streamsBody?: boolean;
  /** Answer when the daemon has drained: a drain of the control socket does not wait for it. Default `false`. */
  readonly outlastsDrain?: boolean;
}

/**
 * Serves one endpoint. The result becomes the metadata of a success envelope; `undefined` becomes `{}`, and
 * a `RawReply` is sent as it is.
 */
export type CoreHandler = (request: CoreRequest) => unknown;

/** A declared endpoint. */
export interface CoreRouteDefinition {
  readonly method: EndpointMethod;
  /** With `{name}` for a variable part, such as `/core/1.0/tokens/{name}`. */
  readonly path: string;
  readonly rule: AccessRule;
  readonly trustBeforeHandler: boolean;
  readonly maxBodyBytes: number;
  readonly streamsBody: boolean;
  readonly outlastsDrain: boolean;
  readonly handler: CoreHandler;
  readonly doc?: CoreRouteDoc;
}

const ROUTES = Symbol.for('@microcluster/nest/core-routes');
const DEFAULT_MAX_BODY_BYTES = 4 * 1024 * 1024;

interface DeclaredRoute {
  readonly key: string;
  readonly method: EndpointMethod;
  readonly path: string;
  readonly options: CoreRouteOptions;
}

/**
 * Declares a method of a provider as an endpoint of the Core API. Such endpoints are served outside of the
 * user's Nest routes: no global guard, pipe, interceptor, filter, middleware or prefix reaches them.
 *
 * @internal
 */
export function CoreRoute(method: EndpointMethod, path: string, options: CoreRouteOptions = {}) {
  return <Handler extends (request: CoreRequest) => unknown>(
    target: object,
    key: string,
    _descriptor: TypedPropertyDescriptor<Handler>,
  ): void => {
    const before = declaredOn(target);
    Reflect.defineMetadata(ROUTES, [...before, { key, method, path, options }], target);
  };
}

/** The endpoints that the decorated methods of `provider` serve. */
export function coreRoutesOf(provider: object): readonly CoreRouteDefinition[] {
  return declaredOn(Object.getPrototypeOf(provider)).map(({ key, method, path, options }) =>
    defineCoreRoute(method, path, options, (request) => {
      const handler: unknown = Reflect.get(provider, key);
      if (typeof handler !== 'function') {
        throw new TypeError(`The endpoint ${method} ${path} has no method "${key}" any more`);
      }
      const result: unknown = Reflect.apply(handler, provider, [request]);
      return result;
    }),
  );
}

/** Completes a declaration with the defaults. */
export function defineCoreRoute(
  method: EndpointMethod,
  path: string,
  options: CoreRouteOptions,
  handler: CoreHandler,
): CoreRouteDefinition {
  return {
    method,
    path,
    handler,
    rule: {
      listeners: options.listeners ?? defaultListeners(path),
      allowedBeforeInit: options.allowedBeforeInit ?? false,
      allowedWhileWaiting: options.allowedWhileWaiting ?? false,
      allowedDuringShutdown: options.allowedDuringShutdown ?? false,
      allowUntrusted: options.allowUntrusted ?? false,
      proxyTarget: options.proxyTarget ?? false,
    },
    trustBeforeHandler: options.trustBeforeHandler ?? false,
    maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    ...(options.doc && { doc: options.doc }),
    streamsBody: options.streamsBody ?? false,
    outlastsDrain: options.outlastsDrain ?? false,
  };
}

/** `spec/core-api.md` 4.1: control on the socket, internal also among members, 1.0 everywhere. */
function defaultListeners(path: string): readonly string[] {
  if (path.startsWith('/core/control')) return [UNIX_LISTENER];
  if (path.startsWith('/core/internal')) return [UNIX_LISTENER, CORE_LISTENER];
  return [UNIX_LISTENER, CORE_LISTENER, PRE_INIT_LISTENER];
}

function declaredOn(prototype: object): readonly DeclaredRoute[] {
  const routes: readonly DeclaredRoute[] | undefined = Reflect.getMetadata(ROUTES, prototype);
  return routes ?? [];
}
