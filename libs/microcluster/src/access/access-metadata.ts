/** The metadata that the access decorators leave on controllers and methods, and what it adds up to. */
import 'reflect-metadata';
import { MicroclusterError } from '../errors/index.js';
import type { AccessRule } from './access-rule.js';
import { identifyController } from './controller-identity.js';
import { CORE_LISTENER, PRE_INIT_LISTENER, UNIX_LISTENER } from './listener-names.js';

const PLACEMENT = Symbol.for('@microcluster/nest/placement');
const FLAGS = Symbol.for('@microcluster/nest/access-flags');

/** Where a controller is served. */
export interface Placement {
  /** On the Core API listener, instead of a listener of its own. */
  readonly coreApi?: boolean;
  /** Also before this member is initialised. */
  readonly preInit?: boolean;
  /** Also on the control socket; needs `coreApi`. */
  readonly serveUnix?: boolean;
  /** Names of additional servers. */
  readonly servers?: readonly string[];
}

/** What a method, or all methods of a class, allow beyond the default. */
export interface AccessFlags {
  readonly allowUntrusted?: boolean;
  readonly allowedBeforeInit?: boolean;
  readonly allowedDuringShutdown?: boolean;
  readonly proxyTarget?: boolean;
  readonly rawResponse?: boolean;
}

/** Adds `addition` to the placement written on a class. */
export function addPlacement(target: object, addition: Placement): void {
  identifyController(target);
  Reflect.defineMetadata(PLACEMENT, mergePlacements(placementOn(target), addition), target);
}

/** The placement that the decorators of a class add up to. */
export function placementOn(target: object): Placement {
  const value: Placement | undefined = Reflect.getMetadata(PLACEMENT, target);
  return value ?? {};
}

/** Both placements together: what either allows. */
export function mergePlacements(first: Placement, second: Placement): Placement {
  const servers = new Set([...(first.servers ?? []), ...(second.servers ?? [])]);
  return {
    coreApi: first.coreApi === true || second.coreApi === true,
    preInit: first.preInit === true || second.preInit === true,
    serveUnix: first.serveUnix === true || second.serveUnix === true,
    servers: [...servers],
  };
}

/** Adds `addition` to the flags written on a class or a method. */
export function addFlags(target: object, addition: AccessFlags): void {
  const before: AccessFlags | undefined = Reflect.getOwnMetadata(FLAGS, target);
  Reflect.defineMetadata(FLAGS, { ...before, ...addition }, target);
}

/** The flags of a method of a class: what either of them allows. */
export function flagsOn(controller: object | undefined, method: object): AccessFlags {
  const ofClass: AccessFlags | undefined =
    controller === undefined ? undefined : Reflect.getMetadata(FLAGS, controller);
  const ofMethod: AccessFlags | undefined = Reflect.getMetadata(FLAGS, method);
  return { ...ofClass, ...ofMethod };
}

/**
 * The listeners that a placement means.
 *
 * @param controller name of the class, for the error
 * @throws MicroclusterError `PLACEMENT_CONTRADICTION` when the settings exclude each other
 */
export function listenersOf(controller: string, placement: Placement): readonly string[] {
  const { coreApi = false, preInit = false, serveUnix = false, servers = [] } = placement;
  if (serveUnix && !coreApi && servers.length > 0) {
    throw new MicroclusterError('PLACEMENT_CONTRADICTION', {
      controller,
      reason: `Cannot serve non-core API resources over the core unix socket (@ServeUnix() with the server "${servers.join('", "')}"; add @CoreApi() or drop @ServeUnix())`,
    });
  }
  if (coreApi && servers.length > 0) {
    throw new MicroclusterError('PLACEMENT_CONTRADICTION', {
      controller,
      reason: `it is both on the Core API (@CoreApi() or coreApi) and on the additional server "${servers.join('", "')}"; use one of them, or two controllers`,
    });
  }
  return [
    ...(coreApi ? [CORE_LISTENER] : []),
    ...(coreApi && preInit ? [PRE_INIT_LISTENER] : []),
    ...(serveUnix ? [UNIX_LISTENER] : []),
    ...servers,
  ];
}

/** The access rule of one method of a controller that is served on `listeners`. */
export function ruleOf(
  listeners: readonly string[],
  placement: Placement,
  flags: AccessFlags,
): AccessRule {
  return {
    listeners,
    allowedBeforeInit: placement.preInit === true || flags.allowedBeforeInit === true,
    allowedDuringShutdown: flags.allowedDuringShutdown === true,
    allowUntrusted: flags.allowUntrusted === true,
    proxyTarget: flags.proxyTarget === true,
  };
}
