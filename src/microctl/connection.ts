/** The way to the daemon: requests over its control socket, with the time limit of the command. */
import type {
  FollowEventsOptions,
  Microcluster,
  MicroclusterClientError,
  RequestOptions as ClientRequestOptions,
  StreamedEvent,
} from '@microcluster/nest/client';
import type { ZodType } from 'zod';
import { CommandLimitError } from './command-limit.js';
import type { Settings } from './settings.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface RequestOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  /** Told how old the answer is, seconds, when it is what the daemon knew before. */
  readonly onAge?: (seconds: number) => void;
}

export type FollowOptions = FollowEventsOptions;

/** Sends requests to the daemon of one state directory. */
export interface Connection {
  /** The answer's metadata, as it came. */
  request(method: Method, path: string, options?: RequestOptions): Promise<unknown>;
  /** What happens to the cluster; the time limit of the command is not one of the stream. */
  events(options: FollowOptions): AsyncGenerator<StreamedEvent, void, void>;
}

/** The calls on the state directory. */
export async function appOf({ stateDir }: Settings): Promise<Microcluster> {
  const client = await import('@microcluster/nest/client');
  return new client.Microcluster(stateDir);
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
  const { isClientError } = await import('@microcluster/nest/client');
  const { terminal, timeoutMs, verbose, signal } = settings;
  const app = await appOf(settings);
  const client = app.localClient();
  try {
    return await work({
      async request(method, path, { onAge, ...options } = {}) {
        if (verbose) terminal.err(`${method} ${path}\n`);
        const onHeaders: ClientRequestOptions['onHeaders'] = ({ age }) => {
          if (age !== undefined) onAge?.(Number(age));
        };
        try {
          return await client.request(method, path, { ...options, timeoutMs, signal, onHeaders });
        } catch (error) {
          if (signal.reason instanceof CommandLimitError) {
            const what = `the control socket ${app.socketPath} did not answer ${method} ${path}`;
            throw new CommandLimitError(what, timeoutMs, { cause: error });
          }
          if (!isClientError(error)) throw error;
          throw withHint(error);
        }
      },
      events(options) {
        if (verbose) terminal.err('GET /core/1.0/events\n');
        return client.events(options);
      },
    });
  } finally {
    await client.close();
  }
}

/** The error of a call, with what can be done about it from the command line. */
function withHint(error: MicroclusterClientError): Error {
  if (error.code === 'TIMEOUT') {
    return new Error(`${error.message}; give it longer with --timeout`, { cause: error });
  }
  if (error.retryAfterMs !== undefined) {
    const seconds = Math.ceil(error.retryAfterMs / 1_000);
    return new Error(`${error.message} (try again in ${seconds} s)`, { cause: error });
  }
  return error;
}

/** Reads an answer into its type; a wrong one is an error that names the request. */
export function parseAnswer<T>(schema: ZodType<T>, what: string, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue ? ` at "${issue.path.join('.')}": ${issue.message}` : '';
  throw new Error(`The daemon answered ${what} with something unexpected${where}`);
}
