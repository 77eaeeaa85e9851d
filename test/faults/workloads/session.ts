/** A client that talks to one member, and what each of its requests has come to. */
import { overSocket } from '../../support/requests.js';

/** After this time the client gives up, milliseconds; the member may still do what it was asked. */
const PATIENCE_MS = 12_000;

/** Codes of errors that say that nothing was done, and nothing will be (`docs/explanation/consistency.md`). */
const NOTHING_WAS_DONE = new Set([
  'NO_LEADER',
  'NOT_LEADER',
  'LEADERSHIP_LOST',
  'CONNECTION_LOST',
  'BUSY',
  'BUSY_SNAPSHOT',
  'TRANSACTION_ENDED',
  'TIMEOUT',
  'CLOSED',
  'NOT_OPEN',
  'CONSTRAINT',
  'DISK_FULL',
  'DATABASE_NOT_OPEN',
  'NOT_INITIALISED',
  'NOT_READY',
  'SHUTTING_DOWN',
]);

export type Reply =
  | { readonly outcome: 'ok'; readonly value: unknown }
  | { readonly outcome: 'failed' | 'unknown'; readonly reason: string };

/** What a session needs of a member. */
export interface Endpoint {
  readonly host: number;
  readonly daemon: { readonly socketPath: string };
}

export class Session {
  constructor(
    readonly client: number,
    readonly member: Endpoint,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /** Sends one request to the workload called `path`. */
  async ask(path: string, body: unknown): Promise<Reply> {
    const { socketPath } = this.member.daemon;
    const url = `/1.0/workload/${path}`;
    try {
      const answer = await overSocket(socketPath, 'POST', url, body, this.patienceMs);
      if (answer.status === 200) return { outcome: 'ok', value: answer.metadata };
      const reason = `${answer.status} ${answer.code} ${answer.error}`;
      return { outcome: NOTHING_WAS_DONE.has(answer.code) ? 'failed' : 'unknown', reason };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { outcome: wasNotSent(error) ? 'failed' : 'unknown', reason };
    }
  }
}

/** Nobody listens: the request did not leave. */
function wasNotSent(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'connect';
}
