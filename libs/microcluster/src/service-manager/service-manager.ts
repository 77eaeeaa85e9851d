/** Tells the service manager how this process is, by the protocol of sd_notify(3). */
import { setTimeout as wait } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import { sendUnixDatagram } from '@microcluster/dqlite';

const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];
/** A manager that does not read is asked again, so often and after so many milliseconds. */
const ATTEMPTS = 50;
const PAUSE_MS = 20;

/** What a message may say. */
export interface Notification {
  /** The start is over. */
  readonly ready?: boolean;
  readonly stopping?: boolean;
  /** One line for people: what the process is doing. */
  readonly status?: string;
  /** The start or the stop may take this long from now on, milliseconds. */
  readonly extendMs?: number;
}

export class ServiceManager {
  private last: Promise<void> = Promise.resolve();
  private watchdog: NodeJS.Timeout | undefined;
  private hasFailed = false;

  /**
   * @param socket where it listens: a path, or `@name`
   * @param watchdogMs it expects a sign of life at least this often; `undefined`: none
   */
  constructor(
    private readonly socket: string,
    private readonly watchdogMs: number | undefined,
    private readonly logger: Pick<LoggerService, 'warn'>,
  ) {}

  /**
   * The manager that the environment names, which then names it no longer, so that programs that this one
   * starts do not speak for it.
   *
   * @returns undefined when there is none
   */
  static fromEnvironment(
    logger: Pick<LoggerService, 'warn'>,
    environment: NodeJS.ProcessEnv = process.env,
    pid: number = process.pid,
  ): ServiceManager | undefined {
    const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
    for (const name of VARIABLES) delete environment[name];
    if (NOTIFY_SOCKET === undefined || !/^[/@]./.test(NOTIFY_SOCKET)) return undefined;
    const isMeant = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
    const watchdogMs = Number(WATCHDOG_USEC) / 1000;
    return new ServiceManager(
      NOTIFY_SOCKET,
      isMeant && watchdogMs > 0 ? watchdogMs : undefined,
      logger,
    );
  }

  /** Sends a message after those before it. Never fails: a manager that cannot be told is logged once. */
  notify(notification: Notification): void {
    const text = textOf(notification);
    if (text !== '') this.queue(text);
  }

  /** From now on sends a sign of life, twice as often as one is expected, while `isAlive` says so. */
  watch(isAlive: () => boolean): void {
    if (this.watchdogMs === undefined || this.watchdog !== undefined) return;
    const ping = () => {
      if (isAlive()) this.queue('WATCHDOG=1');
    };
    ping();
    this.watchdog = setInterval(ping, this.watchdogMs / 2).unref();
  }

  /** Resolves when everything was sent, or given up: at most a second for each message. */
  async flush(): Promise<void> {
    await this.last;
  }

  private queue(text: string): void {
    this.last = this.last.then(() => this.send(text));
  }

  private async send(text: string): Promise<void> {
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        if (sendUnixDatagram(this.socket, text)) return;
        await wait(PAUSE_MS);
      }
      throw new Error('it does not read its messages');
    } catch (error) {
      if (this.hasFailed) return;
      this.hasFailed = true;
      this.logger.warn({ event: 'service-manager-unreachable', socket: this.socket, error });
    }
  }
}

/** The text of a message; one assignment in each line. */
function textOf({ ready, stopping, status, extendMs }: Notification): string {
  return [
    ready === true ? 'READY=1' : '',
    stopping === true ? 'STOPPING=1' : '',
    extendMs === undefined ? '' : `EXTEND_TIMEOUT_USEC=${Math.ceil(extendMs) * 1000}`,
    status === undefined ? '' : `STATUS=${status.replaceAll(/\s+/g, ' ')}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}
