/** The log of a daemon: one line for each event, for people or for programs; how Nest assembles the application only when asked for. */
import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { fieldsOf, jsonOf, textOf } from './log-fields.js';

/** How much is logged: what an operator acts on, what the daemon does, or everything with stacks. */
export type DaemonLogLevel = 'info' | 'verbose' | 'debug';

export interface DaemonLoggerOptions {
  /** Default `info`. */
  readonly level?: DaemonLogLevel;
  /** Lines for people (`text`, the default), or one JSON object in each line (`json`). */
  readonly format?: 'text' | 'json';
}

/** Where Nest reports each module, controller and route that it finds. */
const ASSEMBLY = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

const LEVELS: Record<DaemonLogLevel, LogLevel[]> = {
  info: ['fatal', 'error', 'warn', 'log'],
  verbose: ['fatal', 'error', 'warn', 'log', 'verbose'],
  debug: ['fatal', 'error', 'warn', 'log', 'verbose', 'debug'],
};

/**
 * Nest's console logger for a daemon: `logger.warn({ event: 'disk-low', free: 17 })` becomes the line
 * `disk-low free=17`, or an object with these fields. Errors go to standard error, everything else to
 * standard output.
 */
export class DaemonLogger extends ConsoleLogger {
  private readonly showStacks: boolean;

  constructor({ level = 'info', format = 'text' }: DaemonLoggerOptions = {}) {
    super({
      logLevels: LEVELS[level],
      json: format === 'json',
      colors: format === 'text' && process.stdout.isTTY === true,
      compact: true,
      breakLength: Number.POSITIVE_INFINITY,
    });
    this.showStacks = level === 'debug';
  }

  override log(message: unknown, ...optionalParams: unknown[]): void {
    const context = optionalParams.at(-1);
    if (typeof context === 'string' && ASSEMBLY.has(context)) {
      super.debug(message, ...optionalParams);
    } else {
      super.log(message, ...optionalParams);
    }
  }

  protected override stringifyMessage(message: unknown, logLevel: LogLevel): string {
    const fields = fieldsOf(message);
    return fields === undefined
      ? String(super.stringifyMessage(message, logLevel))
      : textOf(fields, this.showStacks);
  }

  protected override stringifyJsonLogObject(record: Record<string, unknown>): string {
    return jsonOf(record, this.showStacks);
  }
}
