/** The log of the daemon: one line for each event; how Nest assembles the application only when asked for. */
import { ConsoleLogger, type LogLevel } from '@nestjs/common';

/** Where Nest reports each module, controller and route that it finds. */
const ASSEMBLY = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

const LEVELS: Record<'info' | 'verbose' | 'debug', LogLevel[]> = {
  info: ['fatal', 'error', 'warn', 'log'],
  verbose: ['fatal', 'error', 'warn', 'log', 'verbose'],
  debug: ['fatal', 'error', 'warn', 'log', 'verbose', 'debug'],
};

export class DaemonLogger extends ConsoleLogger {
  private readonly showStacks: boolean;

  /** @param level `debug` shows everything, `verbose` what the daemon does, `info` what an operator acts on */
  constructor(level: 'info' | 'verbose' | 'debug') {
    super({
      logLevels: LEVELS[level],
      colors: process.stdout.isTTY === true,
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
    if (typeof message !== 'object' || message === null || !('event' in message)) {
      return String(super.stringifyMessage(message, logLevel));
    }
    const fields = Object.entries(message)
      .filter(([key, value]) => key !== 'event' && value !== undefined)
      .map(([key, value]) => ` ${key}=${this.field(value)}`);
    return `${String(message.event)}${fields.join('')}`;
  }

  private field(value: unknown): string {
    if (value instanceof Error) {
      return JSON.stringify(this.showStacks ? (value.stack ?? value.message) : value.message);
    }
    if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
    if (typeof value === 'bigint') return String(value);
    return (
      JSON.stringify(value, (_key, inner: unknown) =>
        typeof inner === 'bigint' ? String(inner) : inner,
      ) ?? 'undefined'
    );
  }
}
