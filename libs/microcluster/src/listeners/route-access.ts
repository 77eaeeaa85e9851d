/** What the adapter knows about one of the user's routes, kept in the route's configuration. */
import type { FastifyRequest } from 'fastify';
import { CLOSED_RULE, type AccessRule } from '../access/index.js';

/** Access rule and response settings of one route. */
export class RouteAccess {
  constructor(
    readonly rule: AccessRule,
    /** Send what the handler returns without the envelope. */
    readonly rawResponse: boolean,
    /** Nest would answer 201 because the method is POST; the handler itself did not ask for it. */
    readonly impliesCreated: boolean,
  ) {}
}

/** Key in the route's configuration. */
export const ROUTE_ACCESS = Symbol.for('@microcluster/nest/route-access');

/** The settings of a request's route; `undefined` where it has none, as for unknown paths. */
export function routeAccessOf(request: FastifyRequest): RouteAccess | undefined {
  const value: unknown = Reflect.get(request.routeOptions.config, ROUTE_ACCESS);
  return value instanceof RouteAccess ? value : undefined;
}

/** The rule of a request's route; the one that allows nothing where it has none. */
export function ruleOfRequest(request: FastifyRequest): AccessRule {
  return routeAccessOf(request)?.rule ?? CLOSED_RULE;
}
