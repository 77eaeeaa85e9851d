/** Takes every request of every listener to whoever serves it: the Core API, the application's router, or nobody. */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { setRequestContext, type DaemonView } from '../access/index.js';
import { answerError, answerSuccess } from '../envelope/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { CoreRouter } from './core-router.js';
import type { CoreUpgrades } from './core-upgrades.js';
import { answerDetached, endAfterAnswer } from './detached-answer.js';
import { establishContext } from './establish-context.js';
import { INJECTED, listenerOf, markRequest, type ListenerIdentity } from './listener-identity.js';
import { isLoopback } from './own-server.js';
import { noteRoute, observeRequest, type RequestObserver } from './request-observer.js';
import { isCorePath, requestTarget } from './request-target.js';
import type { RouteRegistry } from './route-registry.js';
import { checkTunnelHeaders, grantTunnel, isTunnelRequest, type OnTunnel } from './tunnel.js';
import { UpgradableRequest } from './upgradable-request.js';

/** What `GET /` answers on every listener, by any method (`spec/core-api.md` 5.1). */
const ROOT_ANSWER = ['/1.0'];

/** Fastify's own entry. */
export type Routing = (request: IncomingMessage, response: ServerResponse) => void;

/** Between whom requests are divided. */
export interface DispatchParts {
  readonly core: CoreRouter;
  readonly upgrades: CoreUpgrades;
  /** The application's routes. */
  readonly routes: Pick<RouteRegistry, 'hasPath'>;
  readonly instance: Pick<FastifyInstance, 'ready' | 'hasDecorator'>;
  readonly routing: Routing;
  /** Fastify's server, which only a test listens on. */
  readonly ownServer: HttpServer;
  /** Whether connections to that server count as the control socket, from loopback. */
  readonly trustOwnServer: boolean;
  readonly view: () => DaemonView;
}

export class RequestDispatch {
  private onTunnel: OnTunnel | undefined;
  private observer: RequestObserver | undefined;
  private routesComplete = false;
  private readiness: Promise<unknown> | undefined;
  private isReady = false;
  private isClosed = false;

  constructor(private readonly parts: DispatchParts) {}

  /** Tells `observer` of every request that is over; upgraded connections are none. */
  observe(observer: RequestObserver): void {
    this.observer = observer;
  }

  /** Hands accepted tunnels to `onTunnel`. @returns whether somebody took them before */
  takeTunnels(onTunnel: OnTunnel): boolean {
    const isTaken = this.onTunnel !== undefined;
    this.onTunnel = onTunnel;
    return isTaken;
  }

  /** The application has added its last route: its router may be completed with the next request. */
  completeRoutes(): void {
    this.routesComplete = true;
  }

  /** The application answers no more; the Core API does. */
  close(): void {
    this.isClosed = true;
  }

  /** A request that a listener has parsed. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const listener = listenerOf(request) ?? this.ownListener(request);
    if (listener === undefined) {
      answerError(response, new MicroclusterError('NOT_FOUND', {}));
      return;
    }
    if (listener.draining.aborted) response.setHeader('Connection', 'close');
    if (this.observer) observeRequest(request, response, listener.name, this.observer);
    const { core, routes, view } = this.parts;
    const target = requestTarget(request);
    const context = establishContext(request, target, listener, view());
    setRequestContext(request, context);
    if (isCorePath(target.path)) {
      void core.handle(request, response, target, context, view());
    } else if (this.isClosed) {
      answerError(response, new MicroclusterError('SHUTTING_DOWN', {}));
    } else if (target.path === '/' && !routes.hasPath('/', listener.name)) {
      noteRoute(request, '/');
      answerSuccess(response, ROOT_ANSWER);
    } else {
      this.route(request, response);
    }
  }

  /** A request that no socket carried; it counts as one of the control socket. */
  handleInjected(request: IncomingMessage, response: ServerResponse): void {
    markRequest(request, INJECTED);
    if (!this.isReady && this.routesComplete) {
      void this.onceReady(response, () => {
        this.handle(request, response);
      });
    } else this.handle(request, response);
  }

  /** A request whose socket the parser has handed over. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { core, upgrades, view } = this.parts;
    const listener = listenerOf(request);
    const target = requestTarget(request);
    const isTunnel = isTunnelRequest(request, target);
    const onUpgrade = isTunnel ? undefined : upgrades.find(request, target);
    if (listener === undefined || (!isTunnel && onUpgrade === undefined)) {
      this.handleOtherUpgrade(request, socket, head);
      return;
    }
    const context = establishContext(request, target, listener, view());
    setRequestContext(request, context);
    try {
      core.admit(isTunnel ? 'POST' : 'GET', target, context, view());
      if (onUpgrade !== undefined) {
        const { draining } = listener;
        const query = new URLSearchParams(target.query);
        onUpgrade({ request, socket, head, query, context, draining });
        return;
      }
      checkTunnelHeaders(request.headers);
      if (this.onTunnel === undefined) throw new MicroclusterError('NOT_FOUND', {});
      const peerCertificate = context.peerCertificate;
      grantTunnel({ socket, head, context, peerCertificate }, listener.isTls, this.onTunnel);
    } catch (error) {
      answerDetached(request, socket, (response) => {
        answerError(response, error);
      });
    }
  }

  /**
   * A request that a plugin routes by Fastify's `routing`, as `@fastify/websocket` does with the upgrades it is
   * given. Whether the plugin ends the connection of one that is refused depends on who refuses it: a hook that
   * runs before the plugin's own, such as the access decision, leaves it open.
   */
  routeFromPlugin(request: IncomingMessage, response: ServerResponse): void {
    const isUpgrade = request instanceof UpgradableRequest && request.upgrade;
    if (isUpgrade && response.socket !== null) endAfterAnswer(response, response.socket);
    this.parts.routing(request, response);
  }

  /**
   * WebSocket routes of `@fastify/websocket` run through the router, and so through the access decision.
   * Other servers of upgrades would not, and are not reached: such a request gets an ordinary answer, as does
   * one that comes when the plugin listens no more.
   */
  private handleOtherUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { instance, ownServer, view } = this.parts;
    const listener = listenerOf(request);
    const target = requestTarget(request);
    const isOfUser = listener !== undefined && !isCorePath(target.path);
    if (isOfUser && !this.isReady && this.routesComplete) {
      void this.upgradeOnceReady(request, socket, head);
      return;
    }
    const isServed =
      instance.hasDecorator('websocketServer') && ownServer.listenerCount('upgrade') > 0;
    if (isOfUser && this.isReady && isServed) {
      setRequestContext(request, establishContext(request, target, listener, view()));
      ownServer.emit('upgrade', request, socket, head);
      return;
    }
    answerDetached(request, socket, (response) => {
      this.handle(request, response);
    });
  }

  /** The first request of all may be an upgrade; the plugin that serves it is there once the router is complete. */
  private async upgradeOnceReady(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    socket.on('error', () => {
      // The client went away meanwhile, which whoever is given the socket finds out.
    });
    try {
      await this.ready();
    } catch (error) {
      answerDetached(request, socket, (response) => {
        answerError(response, error);
      });
      return;
    }
    this.handleOtherUpgrade(request, socket, head);
  }

  /** Routes among the user's controllers, which must wait until all their hooks are in place. */
  private route(request: IncomingMessage, response: ServerResponse): void {
    if (this.isReady) {
      this.parts.routing(request, response);
      return;
    }
    if (!this.routesComplete) {
      answerError(response, new MicroclusterError('NOT_READY', {}));
      return;
    }
    void this.onceReady(response, () => {
      this.parts.routing(request, response);
    });
  }

  /** Runs `action` once the router is complete; answers with what went wrong when it cannot be completed. */
  private async onceReady(response: ServerResponse, action: () => void): Promise<void> {
    try {
      await this.ready();
      action();
    } catch (error) {
      answerError(response, error);
    }
  }

  private async ready(): Promise<void> {
    this.readiness ??= Promise.resolve(this.parts.instance.ready());
    await this.readiness;
    this.isReady = true;
  }

  /** Connections to Fastify's own server, which only a test listens on. */
  private ownListener(request: IncomingMessage): ListenerIdentity | undefined {
    const { ownServer, trustOwnServer } = this.parts;
    const isOwn = Reflect.get(request.socket, 'server') === ownServer;
    if (!trustOwnServer || !isOwn || !isLoopback(request.socket)) return undefined;
    markRequest(request, INJECTED);
    return INJECTED;
  }
}
