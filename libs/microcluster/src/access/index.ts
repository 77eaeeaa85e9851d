/** Who may call what, where and when. */
export { AccessHandler, type AccessCheck } from './access-handler.js';
export { CLOSED_RULE, type AccessRule } from './access-rule.js';
export {
  addFlags,
  addPlacement,
  flagsOn,
  listenersOf,
  mergePlacements,
  placementOn,
  ruleOf,
  type AccessFlags,
  type Placement,
} from './access-metadata.js';
export { RouteOrigin, identifyController, routeOriginIn } from './controller-identity.js';
export { DETACHED_VIEW, type DaemonView, type TrustedPeer } from './daemon-view.js';
export {
  ENDPOINT_METHODS,
  decideAccess,
  type AccessDecision,
  type AccessInput,
} from './decide-access.js';
export {
  decideTrust,
  type PresentedCertificate,
  type TrustDecision,
  type TrustInput,
} from './decide-trust.js';
export {
  AllowUntrusted,
  AllowedBeforeInit,
  AllowedDuringShutdown,
  CoreApi,
  PreInit,
  ProxyTarget,
  RawResponse,
  ServeUnix,
  Server,
} from './decorators.js';
export { InitializedGuard, ListenerGuard, TrustGuard } from './guards.js';
export {
  FORWARD_TO_TARGET,
  ProxyTargetInterceptor,
  keepBody,
  targetOf,
  type ForwardToTarget,
} from './proxy-target.interceptor.js';
export { CORE_LISTENER, PRE_INIT_LISTENER, UNIX_LISTENER } from './listener-names.js';
export { IsNotification, Listener, Peer, callerOf } from './parameter-decorators.js';
export { peerCertificateOf, type PeerCertificate } from './peer-certificate.js';
export {
  NOTIFIER_USER_AGENT,
  requestContext,
  setRequestContext,
  type RequestContext,
  type RequestPeer,
} from './request-context.js';
