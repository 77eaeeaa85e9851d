/** The way to the daemon: requests over its control socket, with the time limit of the command. */
import { join } from 'node:path';
import type { ZodType } from 'zod';
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
  const { MicroclusterClient, isClientError } = await import('@microcluster/nest/client');
  const { stateDir, terminal, timeoutMs, verbose } = settings;
  const client = new MicroclusterClient({ socketPath: join(stateDir, 'control.socket') });
  try {
    return await work({
      async request(method, path, options) {
        if (verbose) terminal.err(`${method} ${path}\n`);
        try {
          return await client.request(method, path, { ...options, timeoutMs });
        } catch (error) {
          if (!isClientError(error, 'TIMEOUT')) throw error;
          const text = `${error.message}; give it longer with --timeout`;
          throw new Error(text, { cause: error });
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
