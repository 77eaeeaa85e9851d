/** A route of the framework's own outside of `/core`: a JSON text for each listener, without an envelope. */
import type { RouteOptions } from 'fastify';
import { requestContext, type AccessRule } from '../access/index.js';
import { LISTENER_CONSTRAINT } from './listener-constraint.js';
import { ROUTE_ACCESS, RouteAccess } from './route-access.js';

/** What is served, where and to whom. */
export interface JsonRoute {
  /** Begins with a slash and has no variable parts. */
  readonly path: string;
  readonly rule: AccessRule;
  /** The text for the listener that a request came in on. */
  readonly json: (listener: string) => string;
}

/** The route as Fastify takes it. It passes the access decision like every other. */
export function jsonRoute({ path, rule, json }: JsonRoute): RouteOptions {
  const config = {};
  // Set so, since the type of a route's configuration belongs to Fastify's plugins.
  Reflect.set(config, ROUTE_ACCESS, new RouteAccess(rule, true, false));
  return {
    method: 'GET',
    url: path,
    constraints: { [LISTENER_CONSTRAINT]: [...rule.listeners] },
    config,
    handler: (request, reply) => {
      const text = json(requestContext(request).listener);
      return reply.type('application/json').send(Buffer.from(text, 'utf8'));
    },
  };
}
