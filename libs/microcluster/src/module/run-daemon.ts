/** The few lines that a `main.ts` needs: starts the application, follows signals, and owns the exit status. */
import type { LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { withAdvice } from '../errors/system-advice.js';
import { Health } from '../health/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MicroclusterAdapter } from '../listeners/index.js';
import { DaemonLogger, type DaemonLoggerOptions } from '../logging/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { DeclaredServers } from '../servers/index.js';
import { ServiceManager, superviseDaemon } from '../service-manager/index.js';
import { withoutStartFailures } from './start-failures.js';

/** Signals that stop a daemon (`spec/core-api.md` 3.2). */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGPWR'] as const;

/** Exit statuses of a daemon. A process that is killed has none; shells show 128 and the signal's number. */
export const EXIT_STATUS = {
  /** It was stopped, by a signal or `POST /core/control/shutdown`, and the stop was clean. */
  stopped: 0,
  /** The start or the stop failed, or a member could not be reset; standard error says why in one sentence. */
  failed: 1,
} as const;

/** How to run. */
export interface RunDaemonOptions {
  /** Where Nest and the daemon log; `false` is silent. Default: a `DaemonLogger` with {@link logs}. */
  readonly logger?: LoggerService | false;
  /** How much the default logger writes, and how. */
  readonly logs?: DaemonLoggerOptions;
  /** Signals that stop the daemon. Default SIGTERM, SIGINT, SIGQUIT and SIGPWR; SIGHUP is ignored. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Called with the application before it is initialised: for its versioning, pipes, or documents. */
  readonly configure?: (app: NestFastifyApplication) => void | Promise<void>;
}

/**
 * Runs the application until a signal or `POST /core/control/shutdown` stops it, then ends the process with
 * one of {@link EXIT_STATUS}. A service manager that has set `NOTIFY_SOCKET` is told when the daemon is
 * ready, what it does and when it stops, and gets signs of life where it wants them.
 */
export async function runDaemon(module: Type, options: RunDaemonOptions = {}): Promise<void> {
  const { logger = new DaemonLogger(options.logs) } = options;
  const manager = ServiceManager.fromEnvironment(logger === false ? SILENT : logger);
  let app: NestFastifyApplication | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (failure?: Error) => {
    stopping ??= end(app, manager, failure);
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
      logger: logger === false ? false : withoutStartFailures(logger),
    });
    const daemon = app.get(Daemon);
    daemon.onExitRequest(stop);
    if (manager !== undefined) {
      superviseDaemon(manager, {
        daemon,
        identity: app.get(MemberIdentity),
        health: app.get(Health),
        args: app.get<ParsedDaemonArgs>(DAEMON_ARGS),
        servers: app.get(DeclaredServers),
      });
    }
    await options.configure?.(app);
    await app.init();
    manager?.notify({ ready: true });
  } catch (error) {
    const failure = withAdvice(error);
    report(failure);
    stop(failure);
  }
}

const SILENT = { warn: () => undefined };

/** Closes what is open and ends the process; a second failure does not hide the first. */
async function end(
  app: NestFastifyApplication | undefined,
  manager: ServiceManager | undefined,
  failure?: Error,
): Promise<void> {
  let status: number = failure === undefined ? EXIT_STATUS.stopped : EXIT_STATUS.failed;
  manager?.notify({
    stopping: true,
    ...(failure !== undefined && { status: `Failed: ${failure.message}` }),
  });
  try {
    await app?.close();
  } catch (error) {
    report(error);
    status = EXIT_STATUS.failed;
  }
  await manager?.flush();
  process.exit(status);
}

function report(error: unknown): void {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
}
