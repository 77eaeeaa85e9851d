/** Carries a level of consistency to the statements of a handler, through its asynchronous context. */
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { withSqlOptions, type Consistency } from '@microcluster/dqlite';
import { Observable } from 'rxjs';

export class ConsistencyInterceptor implements NestInterceptor {
  constructor(private readonly consistency: Consistency) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // The handler is called when somebody subscribes, so that is what has to happen within the context.
    return new Observable((subscriber) =>
      withSqlOptions({ consistency: this.consistency }, () => next.handle().subscribe(subscriber)),
    );
  }
}
