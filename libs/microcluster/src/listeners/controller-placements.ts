/** Turns what decorators and the `servers` map say about a controller into constraints on its routes. */
import { HTTP_CODE_METADATA } from '@nestjs/common/constants.js';
import type { RouteOptions } from 'fastify';
import {
  flagsOn,
  identifyController,
  listenersOf,
  mergePlacements,
  placementOn,
  routeOriginIn,
  ruleOf,
  type Placement,
  type RouteOrigin,
} from '../access/index.js';
import { MicroclusterError } from '../errors/index.js';
import { LISTENER_CONSTRAINT } from './listener-constraint.js';
import { ROUTE_ACCESS, RouteAccess } from './route-access.js';
import { RouteRegistry } from './route-registry.js';
import {
  ServerPlacements,
  type ResolvedPlacement,
  type ServerDefinition,
} from './server-placements.js';

/** Nest names the handlers that it registers `Controller.method`; others have no such name. */
const NEST_HANDLER_NAME = /^[^.]+\.[^.]+$/;

/** Which listeners serve which of the application's routes. */
export class ControllerPlacements {
  readonly registry = new RouteRegistry();
  private readonly assigned = new Map<object, Placement>();
  private readonly servers = new ServerPlacements();
  private readonly paths: { readonly prefix: string; readonly placement: Placement }[] = [];

  /** Adds to what the decorators of a class say. */
  assign(controller: object, placement: Placement): void {
    const together = mergePlacements(this.assigned.get(controller) ?? {}, placement);
    this.assigned.set(controller, together);
    this.placementOf(controller);
    identifyController(controller);
  }

  /** Says what a server is, before controllers are placed on it. */
  defineServer(name: string, definition: ServerDefinition): void {
    this.servers.define(name, definition);
  }

  /** Places a controller on a defined server, in addition to what its decorators say. */
  assignServer(controller: object, server: string): void {
    this.servers.assign(controller, server);
    this.placementOf(controller);
    identifyController(controller);
  }

  /** Places routes that no controller owns. */
  assignPath(prefix: string, placement: Placement): void {
    this.paths.push({ prefix, placement });
  }

  /** Whether a listener serves this controller class. */
  serves(controller: object, listener: string): boolean {
    return this.placementOf(controller).listeners.includes(listener);
  }

  /**
   * Called for each route before it is added to the router: gives it its listeners, or leaves it without,
   * which makes it unreachable.
   *
   * @throws MicroclusterError when a controller is placed nowhere or the route conflicts with another
   */
  place(options: RouteOptions): void {
    const origin = routeOriginIn(options.config);
    if (origin !== undefined) {
      this.placeController(options, origin);
      return;
    }
    const path = this.paths.find(({ prefix }) => options.url.startsWith(prefix));
    if (path !== undefined) {
      const listeners = listenersOf(path.prefix, path.placement);
      constrain(options, new RouteAccess(ruleOf(listeners, path.placement, {}), true, false));
    } else if (NEST_HANDLER_NAME.test(options.handler.name)) {
      throw new MicroclusterError('CONTROLLER_UNPLACED', {
        route: `${options.handler.name} (${methodsOf(options).join(', ')} ${options.url})`,
      });
    }
  }

  private placeController(options: RouteOptions, origin: RouteOrigin): void {
    const { controller, method } = origin;
    const { placement, listeners, serverByListener } = this.placementOf(controller);
    const flags = flagsOn(controller, method);
    const handler = options.handler.name;
    if (listeners.length === 0) {
      throw new MicroclusterError('CONTROLLER_UNPLACED', {
        route: `${handler} (${methodsOf(options).join(', ')} ${options.url})`,
      });
    }
    const rule = ruleOf(listeners, placement, flags);
    const impliesCreated = !Reflect.hasMetadata(HTTP_CODE_METADATA, method);
    const rawResponse = flags.rawResponse === true;
    const distinction = JSON.stringify({ ...options.constraints, [LISTENER_CONSTRAINT]: null });
    for (const name of methodsOf(options)) {
      this.registry.add({
        method: name,
        path: options.url,
        handler,
        distinction,
        rule,
        serverByListener,
        rawResponse,
        impliesCreated,
      });
    }
    constrain(options, new RouteAccess(rule, rawResponse, impliesCreated));
  }

  private placementOf(controller: object): ResolvedPlacement {
    const own = mergePlacements(placementOn(controller), this.assigned.get(controller) ?? {});
    return this.servers.resolve(controller, own);
  }
}

function constrain(options: RouteOptions, access: RouteAccess): void {
  if (access.rule.listeners.length === 0) return;
  options.constraints = {
    ...options.constraints,
    [LISTENER_CONSTRAINT]: [...access.rule.listeners],
  };
  options.config = Object.assign({}, options.config, { [ROUTE_ACCESS]: access });
}

function methodsOf(options: RouteOptions): readonly string[] {
  const { method } = options;
  return Array.isArray(method) ? method : [method];
}
