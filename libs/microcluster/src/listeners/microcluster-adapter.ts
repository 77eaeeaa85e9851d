/** Nest's HTTP adapter of a daemon: one application behind many listeners, and the Core API beside it. */
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Type } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type {
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
  InjectOptions,
  LightMyRequestChain,
  LightMyRequestResponse,
} from 'fastify';
import {
  DETACHED_VIEW,
  decideAccess,
  requestContext,
  type AccessRule,
  type DaemonView,
  type Placement,
} from '../access/index.js';
import { ENVELOPE_CONTENT_TYPE, answerError, errorEnvelope } from '../envelope/index.js';
import { MicroclusterError, describeError } from '../errors/index.js';
import { ControllerPlacements } from './controller-placements.js';
import { CoreRouter, type ProxyRequest } from './core-router.js';
import { CoreUpgrades, type OnCoreUpgrade } from './core-upgrades.js';
import { coreRoutesOf, defineCoreRoute, type CoreRouteDefinition } from './core-route.js';
import {
  envelopeFor,
  isEnvelopable,
  replyWithReport,
  reportOfBody,
  takesEnvelope,
} from './envelope-reply.js';
import { injectRequest } from './inject.js';
import { LISTENER_CONSTRAINT, withListenerConstraint } from './listener-constraint.js';
import { jsonRoute, type JsonRoute } from './json-route.js';
import { isTestProcess } from './own-server.js';
import { RequestDispatch, type Routing } from './request-dispatch.js';
import { noteRoute, type RequestObserver } from './request-observer.js';
import { requestTarget } from './request-target.js';
import { routeAccessOf, ruleOfRequest } from './route-access.js';
import type { ServedRoutes } from './served-routes.js';
import type { ServerDefinition } from './server-placements.js';
import { TUNNEL_PATH, checkTunnelHeaders, type OnTunnel } from './tunnel.js';

/** Options of the adapter: Fastify's own, without those that would open a server beside the listeners. */
export type MicroclusterAdapterOptions = Omit<
  FastifyServerOptions,
  'serverFactory' | 'http2' | 'https' | 'http' | 'frameworkErrors' | 'exposeHeadRoutes'
> & {
  /**
   * Let connections to the application's own server (`app.getHttpServer()`, which supertest listens on)
   * count as the control socket, from loopback alone. Default: only in a process of a test runner.
   */
  readonly trustOwnServer?: boolean;
};

/**
 * Serves one Nest application on any number of listeners, which a `ListenerSet` opens.
 *
 * @example
 * const app = await NestFactory.create(AppModule, new MicroclusterAdapter());
 * await app.init();
 */
export class MicroclusterAdapter extends FastifyAdapter {
  private readonly core = new CoreRouter();
  private readonly upgrades = new CoreUpgrades();
  private readonly placements = new ControllerPlacements();
  private readonly requests: RequestDispatch;
  private currentView: DaemonView = DETACHED_VIEW;

  constructor(options: MicroclusterAdapterOptions = {}) {
    const { trustOwnServer = isTestProcess(), ...fastifyOptions } = options;
    const parts: { routing?: Routing; server?: HttpServer; dispatch?: Routing } = {};
    const serverOptions: FastifyServerOptions = {
      ...fastifyOptions,
      exposeHeadRoutes: false,
      routerOptions: {
        ...fastifyOptions.routerOptions,
        constraints: withListenerConstraint(fastifyOptions.routerOptions?.constraints),
      },
      serverFactory: (handler) => {
        parts.routing = handler;
        parts.server = createServer((request, response) => parts.dispatch?.(request, response));
        return parts.server;
      },
      frameworkErrors: (error, _request, reply) => {
        reply.hijack();
        answerError(
          reply.raw,
          error.statusCode === 400
            ? new MicroclusterError('MALFORMED_URL', {}, { cause: error })
            : error,
        );
      },
    };
    super(serverOptions);
    if (parts.routing === undefined || parts.server === undefined) {
      throw new TypeError('Fastify made no server; this version of Fastify cannot be used');
    }
    this.requests = new RequestDispatch({
      core: this.core,
      upgrades: this.upgrades,
      routes: this.placements.registry,
      instance: this.instance,
      routing: parts.routing,
      ownServer: parts.server,
      trustOwnServer,
      view: () => this.currentView,
    });
    parts.dispatch = (request, response) => {
      this.requests.handle(request, response);
    };
    Object.defineProperty(this.instance, 'inject', {
      value: (injected?: InjectOptions | string) => this.startInjection(injected),
    });
    Object.defineProperty(this.instance, 'routing', {
      value: (request: IncomingMessage, response: ServerResponse) => {
        this.requests.routeFromPlugin(request, response);
      },
    });
    this.instance.addHook('onRoute', (route) => {
      this.placements.place(route);
    });
    this.instance.addHook('onRequest', (request, reply, done) => {
      this.gate(request, reply, done);
    });
    this.instance.addHook('preSerialization', (request, reply, payload, done) => {
      if (takesEnvelope(request, reply)) {
        const text = envelopeFor(reply, payload);
        reply.header('content-type', ENVELOPE_CONTENT_TYPE);
        reply.serializer(() => text);
      }
      done(null, payload);
    });
  }

  /** Connects the adapter to its daemon. Until then, nothing is open and nobody is trusted. */
  attach(view: DaemonView): void {
    this.currentView = view;
  }

  /** The daemon as access decisions see it. */
  get view(): DaemonView {
    return this.currentView;
  }

  /** The access rule of a request's route. */
  ruleFor(request: FastifyRequest): AccessRule {
    return ruleOfRequest(request);
  }

  /** Tells `observer` of every request that is over; upgraded connections are none. */
  observeRequests(observer: RequestObserver): void {
    this.requests.observe(observer);
  }

  /** Serves the Core API endpoints that the methods of `provider` declare with `@CoreRoute()`. */
  serveCore(provider: object): void {
    for (const route of coreRoutesOf(provider)) this.addCoreRoute(route);
  }

  /** Serves one Core API endpoint. */
  addCoreRoute(route: CoreRouteDefinition): void {
    this.core.add(route);
  }

  /** Sets what passes requests with `?target=` on to other members. */
  setProxy(proxy: ProxyRequest): void {
    this.core.proxy = proxy;
  }

  /**
   * Serves `POST /core/internal/database` and hands accepted tunnels to `onTunnel`.
   *
   * A request over the network is answered 101 first; one over the control socket gets no answer at all
   * (`spec/core-api.md` 11.2).
   */
  serveTunnel(onTunnel: OnTunnel): void {
    const isServed = this.requests.takeTunnels(onTunnel);
    if (isServed) return;
    this.core.add(
      defineCoreRoute(
        'POST',
        TUNNEL_PATH,
        {
          allowedBeforeInit: true,
          trustBeforeHandler: true,
          doc: { summary: 'Upgrade the connection to a tunnel to the database', rawType: '' },
        },
        (request) => {
          // Granted ones never get here: their socket is handed over before they are routed.
          checkTunnelHeaders(request.headers);
          throw new MicroclusterError('INVALID_UPGRADE_HEADER', {});
        },
      ),
    );
  }

  /** Hands WebSockets for a path of the Core API, whose GET route decides about access, to `handler`. */
  serveCoreUpgrade(path: string, handler: OnCoreUpgrade): void {
    this.upgrades.add(path, handler);
  }

  /**
   * Places a controller on listeners, in addition to what its decorators say. Must be called before the
   * application is initialised.
   *
   * @throws MicroclusterError `PLACEMENT_CONTRADICTION` when the settings exclude each other
   */
  assignListeners(controller: Type, placement: Placement): void {
    this.placements.assign(controller, placement);
  }

  /** Says what a server of `DaemonArgs.servers` is; before the application is initialised. */
  defineServer(name: string, definition: ServerDefinition): void {
    this.placements.defineServer(name, definition);
  }

  /**
   * Places a controller on a defined server. Must be called before the application is initialised.
   *
   * @throws MicroclusterError `PLACEMENT_CONTRADICTION` when its decorators exclude that
   */
  assignServer(controller: Type, server: string): void {
    this.placements.assignServer(controller, server);
  }

  /**
   * Places routes that are no Nest controllers, such as a documentation page, by the start of their path.
   * Without it they are served nowhere.
   */
  assignPath(prefix: string, placement: Placement): void {
    this.placements.assignPath(prefix, placement);
  }

  /**
   * Serves a JSON text; before the application is initialised.
   *
   * @throws MicroclusterError `RESERVED_PATH` under `/core`, `ROUTE_CONFLICT` with another of them
   */
  serveJson(route: JsonRoute): void {
    const { path, rule } = route;
    this.placements.registry.add({
      method: 'GET',
      path,
      rule,
      handler: 'the framework itself',
      distinction: JSON.stringify({ [LISTENER_CONSTRAINT]: null }),
      serverByListener: new Map(),
      rawResponse: true,
    });
    this.instance.route(jsonRoute(route));
  }

  /** What a listener serves; the application's routes are known once it is initialised. */
  servedOn(listener: string): ServedRoutes {
    return {
      listener,
      core: this.core.servedOn(listener),
      routes: this.placements.registry.servedOn(listener),
      serves: (controller) => this.placements.serves(controller, listener),
    };
  }

  /** Called by the listeners for each request. */
  dispatch(request: IncomingMessage, response: ServerResponse): void {
    this.requests.handle(request, response);
  }

  /** Called by the listeners for a request whose socket the parser has handed over. */
  dispatchUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.requests.handleUpgrade(request, socket, head);
  }

  /** The access decision for the user's routes: before middleware and before the body is read. */
  private gate(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const { listener, trusted } = requestContext(request);
    if (request.routeOptions.url !== undefined) noteRoute(request.raw, request.routeOptions.url);
    const own = routeAccessOf(request)?.rule;
    const { path } = requestTarget(request.raw);
    const rule = own ?? this.placements.registry.ruleOfOtherMethod(request.method, path, listener);
    if (rule === undefined) {
      done();
      return;
    }
    const decision = decideAccess({
      listener,
      method: request.method,
      hasHandler: own !== undefined,
      rule,
      isShuttingDown: this.currentView.isShuttingDown(),
      database: this.currentView.databaseStatus(),
      trusted,
    });
    if (decision.allow) done();
    else replyWithReport(reply, describeError(decision.error));
  }

  private startInjection(injected?: InjectOptions | string): LightMyRequestChain {
    return injectRequest((request, response) => {
      this.requests.handleInjected(request, response);
    }, injected);
  }

  override inject(): LightMyRequestChain;
  override inject(injected: InjectOptions | string): Promise<LightMyRequestResponse>;
  override inject(
    injected?: InjectOptions | string,
  ): LightMyRequestChain | Promise<LightMyRequestResponse> {
    return this.startInjection(injected);
  }

  /** @throws MicroclusterError `LISTEN_REFUSED`, always: the daemon opens the listeners */
  override listen(): void {
    throw new MicroclusterError('LISTEN_REFUSED', {});
  }

  override async close(): Promise<void> {
    this.requests.close();
    await super.close();
  }

  override setErrorHandler(handler: Parameters<FastifyAdapter['setErrorHandler']>[0]) {
    const result = super.setErrorHandler(handler);
    // Nest registers it last.
    this.requests.completeRoutes();
    return result;
  }

  override status(response: ServerResponse | FastifyReply, statusCode: number): unknown {
    return super.status(response, withoutImpliedCreated(response, statusCode));
  }

  override reply(response: ServerResponse | FastifyReply, body: unknown, statusCode?: number) {
    if (!isFastifyReply(response)) return this.replyRaw(response, body, statusCode);
    const status = statusOf(response, statusCode ?? response.statusCode);
    if (!takesEnvelope(response.request, response) || !isEnvelopable(body, status)) {
      return super.reply(response, body, status);
    }
    response.status(status);
    const text = envelopeFor(response, body);
    response.header('content-type', ENVELOPE_CONTENT_TYPE);
    return response.send(Buffer.from(text, 'utf8'));
  }

  /** What middleware and the filters of its errors answer; they have Node's response alone. */
  private replyRaw(response: ServerResponse, body: unknown, statusCode?: number) {
    const status = statusCode ?? response.statusCode;
    if (status < 400 || !isEnvelopable(body, status)) return super.reply(response, body, status);
    const report = reportOfBody(body, status);
    response.setHeader('Content-Type', ENVELOPE_CONTENT_TYPE);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const text = errorEnvelope(status, report.text, report.details);
    return super.reply(response, Buffer.from(text, 'utf8'), status);
  }
}

function isFastifyReply(response: ServerResponse | FastifyReply): response is FastifyReply {
  return 'request' in response;
}

/** The status of an answer of Nest's, where it is another one than Nest's. */
function statusOf(reply: FastifyReply, status: number): number {
  // Fastify judges the size and the type of a body before it says that nobody wants it.
  if (reply.request.is404 && (status === 413 || status === 415)) return 404;
  return withoutImpliedCreated(reply, status);
}

/** A POST is answered 200 unless its handler asks for something else; Nest would say 201. */
function withoutImpliedCreated(response: ServerResponse | FastifyReply, status: number): number {
  if (status !== 201 || !isFastifyReply(response)) return status;
  return routeAccessOf(response.request)?.impliesCreated === true ? 200 : status;
}
