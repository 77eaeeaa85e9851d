/** The adapter, the listeners, and the Core API's own routes. */
export { MicroclusterAdapter, type MicroclusterAdapterOptions } from './microcluster-adapter.js';
export {
  ListenerSet,
  type CloseListenerOptions,
  type ListenerSetOptions,
  type TlsListenerOptions,
  type UnixListenerOptions,
} from './listener-set.js';
export { DEFAULT_LISTENER_LIMITS, type ListenerLimits } from './listener-limits.js';
export type { ListenerKeyPair } from './tls-terminator.js';
export type { RequestSink } from './http-front.js';
export {
  CoreRoute,
  coreRoutesOf,
  defineCoreRoute,
  type CoreHandler,
  type CoreRequest,
  type CoreRouteDefinition,
  type CoreRouteOptions,
  type EndpointMethod,
} from './core-route.js';
export type { CoreUpgrade, OnCoreUpgrade } from './core-upgrades.js';
export type { JsonRoute } from './json-route.js';
export type { RegisteredRoute } from './route-registry.js';
export type { ServedRoutes } from './served-routes.js';
export type { ProxyRequest } from './core-router.js';
export { EMPTY_REPLY, RawReply } from './raw-reply.js';
export { TUNNEL_PATH, checkDqliteVersion, type OnTunnel, type Tunnel } from './tunnel.js';
export { EnvelopeExceptionFilter } from './envelope-exception-filter.js';
export type { FinishedRequest, RequestObserver } from './request-observer.js';
