/** Passes trusted requests with `?target=` on to another member, after the user's guards and before the pipes. */
import type { IncomingMessage } from 'node:http';
import {
  Inject,
  Injectable,
  Optional,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, mergeMap, of, type Observable } from 'rxjs';
import { requestContext } from './request-context.js';

/** Sends one request to the member called `target`; `undefined` when that is this member. */
export type ForwardToTarget = (
  target: string,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Buffer,
) => Promise<{ readonly metadata: unknown } | undefined>;

/** Injection token of {@link ForwardToTarget}. */
export const FORWARD_TO_TARGET = Symbol.for('@microcluster/nest:forward-to-target');

const bodies = new WeakMap<IncomingMessage, Buffer>();

/** Keeps the bytes of a body that may have to be passed on as they are. */
export function keepBody(request: IncomingMessage, body: Buffer): void {
  bodies.set(request, body);
}

/** The member that a request names; empty when it names none. */
export function targetOf(request: IncomingMessage): string {
  const [, query = ''] = (request.url ?? '').split('?', 2);
  return new URLSearchParams(query).get('target') ?? '';
}

@Injectable()
export class ProxyTargetInterceptor implements NestInterceptor {
  constructor(
    @Optional() @Inject(FORWARD_TO_TARGET) private readonly forward: ForwardToTarget | undefined,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const target = targetOf(request.raw);
    const { forward } = this;
    if (forward === undefined || target === '' || !requestContext(request).trusted) {
      return next.handle();
    }
    const body = bodies.get(request.raw) ?? Buffer.alloc(0);
    const reply = http.getResponse<FastifyReply>();
    return from(forward(target, request, reply, body)).pipe(
      mergeMap((proxied) => (proxied === undefined ? next.handle() : of(proxied.metadata))),
    );
  }
}
