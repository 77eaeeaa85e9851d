/** Decorators that give a handler's parameters what is known about the request. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { requestContext, type RequestContext } from './request-context.js';

/**
 * Who calls, over which listener; for guards, interceptors and other things that have an execution context.
 *
 * @example
 * canActivate(context: ExecutionContext) { return callerOf(context).peer?.name === 'c1'; }
 */
export function callerOf(context: ExecutionContext): RequestContext {
  return requestContext(context.switchToHttp().getRequest<FastifyRequest>());
}

/**
 * The member that calls: `RequestPeer | undefined`. It is `undefined` for everybody else, also on the control
 * socket, where callers are trusted but are no members (`spec/core-api.md` 7.1).
 */
export const Peer = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => callerOf(context).peer,
);

/** The name of the listener that the request came in on: `unix`, `core`, `pre-init` or an additional server's. */
export const Listener = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => callerOf(context).listener,
);

/**
 * Whether a trusted caller marked the request as fanned out already, so that it must not be passed on to
 * further members (`spec/core-api.md` 7.3).
 */
export const IsNotification = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => callerOf(context).isNotification,
);
