/** The access handlers of a route: the last say on who may call it (`spec/core-api.md` 5.1, step 7). */
import { UseGuards, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { MicroclusterError } from '../errors/index.js';
import { callerOf } from './parameter-decorators.js';
import type { RequestContext } from './request-context.js';

/** Decides about a request from who calls; `false` is answered 403, what it throws as any exception. */
export type AccessCheck = (
  caller: RequestContext,
  request: FastifyRequest,
) => boolean | Promise<boolean>;

/**
 * Asks further questions before the method, or all methods of the class, are called: after the checks of
 * listener, availability and trust, and before `?target=`, pipes and handler. All of them must agree, those of the
 * class first. On routes with `@AllowUntrusted()` they decide about strangers too.
 *
 * @param handlers functions, or guards of Nest, which may inject what they need
 * @example
 * \@AccessHandler((caller) => caller.listener === 'unix' || caller.peer?.name === 'c1')
 */
export function AccessHandler(
  ...handlers: readonly (AccessCheck | Type<CanActivate>)[]
): ClassDecorator & MethodDecorator {
  return UseGuards(
    ...handlers.map((handler) => (isGuard(handler) ? handler : new AccessCheckGuard(handler))),
  );
}

class AccessCheckGuard implements CanActivate {
  constructor(private readonly check: AccessCheck) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (await this.check(callerOf(context), request)) return true;
    throw new MicroclusterError('NOT_AUTHORIZED', {});
  }
}

function isGuard(handler: AccessCheck | Type<CanActivate>): handler is Type<CanActivate> {
  const prototype: unknown = handler.prototype;
  return typeof prototype === 'object' && prototype !== null && 'canActivate' in prototype;
}
