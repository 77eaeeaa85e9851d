/** The way to the daemon: requests over its control socket, with a time limit and readable failures. */
import { join } from 'node:path';
import type { ZodType } from 'zod';
import { systemCodeOf } from './errors.js';
import type { Settings } from './settings.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface RequestOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
}

/** Sends requests to the daemon of one state directory. */
export interface Connection {
  /** The answer's metadata, as it came. */
  request(method: Method, path: string, options?: RequestOptions): Promise<unknown>;
}

/**
 * Runs `work` with a connection to the daemon, and closes it afterwards.
 *
 * @throws Error with the daemon's own text when it refuses, or saying why it could not be asked
 */
export async function withDaemon<T>(
  settings: Settings,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { MicroclusterClient } = await import('@microcluster/nest/client');
  const socketPath = join(settings.stateDir, 'control.socket');
  const client = new MicroclusterClient({ socketPath });
  const signal = settings.timeoutMs > 0 ? AbortSignal.timeout(settings.timeoutMs) : undefined;
  try {
    return await work({
      async request(method, path, options = {}) {
        if (settings.verbose) settings.terminal.err(`${method} ${path}\n`);
        try {
          return await client.request(method, path, {
            ...options,
            ...(signal ? { signal } : {}),
            timeoutMs: settings.timeoutMs,
          });
        } catch (error) {
          if (signal?.aborted) throw timedOut(settings, error);
          throw unreachable(error, socketPath) ?? error;
        }
      },
    });
  } finally {
    await client.close();
  }
}

/** Reads an answer into its type; a wrong one is an error that names the request. */
export function parseAnswer<T>(schema: ZodType<T>, what: string, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue ? ` at "${issue.path.join('.')}": ${issue.message}` : '';
  throw new Error(`The daemon answered ${what} with something unexpected${where}`);
}

function timedOut(settings: Settings, cause: unknown): Error {
  return new Error(
    `The daemon did not answer within ${settings.timeoutMs / 1000} s; give it longer with --timeout`,
    { cause },
  );
}

/** A plain sentence for the failures to reach the socket; undefined for every other error. */
function unreachable(error: unknown, socketPath: string): Error | undefined {
  switch (systemCodeOf(error)) {
    case 'ENOENT':
      return new Error(
        `The daemon is not running: there is no socket "${socketPath}"; start microd, or check --state-dir`,
        { cause: error },
      );
    case 'ECONNREFUSED':
      return new Error(
        `The daemon is not running: nobody listens on "${socketPath}"; start microd with this state directory`,
        { cause: error },
      );
    case 'EACCES':
    case 'EPERM':
      return new Error(
        `No permission to use "${socketPath}": run as root or as a member of the socket's group`,
        { cause: error },
      );
    default:
      return undefined;
  }
}
