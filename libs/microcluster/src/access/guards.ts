/** The access decision as Nest guards, for users to compose with and to replace in tests. */
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { CLOSED_RULE, type AccessRule } from './access-rule.js';
import { decideAccess, type AccessInput } from './decide-access.js';
import { requestContext } from './request-context.js';
import { DETACHED_VIEW, type DaemonView } from './daemon-view.js';

/** The part of the adapter that guards need. */
interface RuleSource {
  readonly view: DaemonView;
  ruleFor(request: FastifyRequest): AccessRule;
}

function isRuleSource(adapter: unknown): adapter is RuleSource {
  return typeof adapter === 'object' && adapter !== null && 'ruleFor' in adapter;
}

/** What the three guards share: the full decision, of which each lets only its own question fail. */
@Injectable()
abstract class AccessGuard implements CanActivate {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  /** @throws MicroclusterError with the status and text of the check that failed */
  canActivate(context: ExecutionContext): boolean {
    const request: FastifyRequest = context.switchToHttp().getRequest();
    const adapter: unknown = this.host.httpAdapter;
    const source = isRuleSource(adapter) ? adapter : undefined;
    const { listener, trusted } = requestContext(request);
    const view = source?.view ?? DETACHED_VIEW;
    const decision = decideAccess(
      this.narrow({
        listener,
        method: request.method,
        hasHandler: true,
        rule: source?.ruleFor(request) ?? CLOSED_RULE,
        isShuttingDown: view.isShuttingDown(),
        database: view.databaseStatus(),
        trusted,
      }),
    );
    if (!decision.allow) throw decision.error;
    return true;
  }

  /** Takes the questions that are not this guard's out of the input. */
  protected abstract narrow(input: AccessInput): AccessInput;
}

/** Lets a request pass only on a listener that serves the route (404 otherwise). */
@Injectable()
export class ListenerGuard extends AccessGuard {
  protected narrow(input: AccessInput): AccessInput {
    return {
      ...input,
      isShuttingDown: false,
      database: { open: true, text: '' },
      trusted: true,
    };
  }
}

/** Lets a request pass only while the daemon is up and its database open (503 otherwise). */
@Injectable()
export class InitializedGuard extends AccessGuard {
  protected narrow(input: AccessInput): AccessInput {
    return {
      ...input,
      rule: { ...input.rule, listeners: [input.listener] },
      trusted: true,
    };
  }
}

/** Lets only trusted callers pass (403 otherwise). */
@Injectable()
export class TrustGuard extends AccessGuard {
  protected narrow(input: AccessInput): AccessInput {
    return {
      ...input,
      rule: { ...input.rule, listeners: [input.listener] },
      isShuttingDown: false,
      database: { open: true, text: '' },
    };
  }
}
