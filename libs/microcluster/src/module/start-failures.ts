/** Keeps Nest from logging what `runDaemon` reports itself. */
import type { LoggerService } from '@nestjs/common';

/**
 * Nest logs an error of the start with its stack before it throws it. `runDaemon` reports that error itself, in
 * one sentence, so that an operator does not have to find it among stacks; `debug` still has the stack.
 */
export function withoutStartFailures(logger: LoggerService): LoggerService {
  return new Proxy(logger, {
    get(target, property) {
      if (property !== 'error') {
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return (message: unknown, ...rest: unknown[]) => {
        if (rest.at(-1) === 'ExceptionHandler') target.debug?.(message, ...rest);
        else target.error(message, ...rest);
      };
    },
  });
}
