/** The few lines that a `main.ts` needs: starts the application, follows signals, and owns the exit status. */
import { ConsoleLogger, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Daemon } from '../lifecycle/daemon.js';
import { MicroclusterAdapter } from '../listeners/index.js';

/** Signals that stop a daemon (`spec/core-api.md` 3.2). */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGPWR'] as const;

/** How to run. */
export interface RunDaemonOptions {
  /** Where Nest and the daemon log; `false` is silent. Default: Nest's console logger. */
  readonly logger?: LoggerService | false;
  /** Signals that stop the daemon. Default SIGTERM, SIGINT, SIGQUIT and SIGPWR; SIGHUP is ignored. */
  readonly signals?: readonly NodeJS.Signals[];
}

/**
 * Runs the application until a signal or `POST /core/control/shutdown` stops it, then ends the process:
 * with 0 after a clean stop, 1 when the start or the stop failed (one sentence on standard error says why).
 */
export async function runDaemon(module: Type, options: RunDaemonOptions = {}): Promise<void> {
  const { logger } = options;
  let app: NestFastifyApplication | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (failure?: Error) => {
    stopping ??= end(app, failure);
  };
  process.on('SIGHUP', () => undefined);
  for (const signal of options.signals ?? STOP_SIGNALS) {
    process.on(signal, () => {
      stop();
    });
  }
  try {
    app = await NestFactory.create<NestFastifyApplication>(module, new MicroclusterAdapter(), {
      abortOnError: false,
      logger: logger === false ? false : withoutStartFailures(logger ?? new ConsoleLogger()),
    });
    app.get(Daemon).onExitRequest(stop);
    await app.init();
  } catch (error) {
    report(error);
    stop(error instanceof Error ? error : new Error(String(error)));
  }
}

/**
 * Nest logs an error of the start with its stack before it throws it. `runDaemon` reports that error itself, in
 * one sentence, so that an operator does not have to find it among stacks; `debug` still has the stack.
 */
function withoutStartFailures(logger: LoggerService): LoggerService {
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

/** Closes what is open and ends the process; a second failure does not hide the first. */
async function end(app: NestFastifyApplication | undefined, failure?: Error): Promise<void> {
  let status = failure === undefined ? 0 : 1;
  try {
    await app?.close();
  } catch (error) {
    report(error);
    status = 1;
  }
  process.exit(status);
}

function report(error: unknown): void {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
}
