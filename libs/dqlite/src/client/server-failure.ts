/** Turns what a server answers, or the loss of a connection, into an error that says what may be repeated (`spec/dqlite.md` A.8). */
import { DqliteError, isDqliteError } from '../errors/index.js';

/**
 * What a request could have changed when its answer does not arrive.
 *
 * - `none`: nothing outlives the connection (a read, BEGIN, a preparation).
 * - `transaction`: it belongs to an open transaction, which ends with the connection.
 * - `durable`: it commits something.
 */
export type Effect = 'none' | 'transaction' | 'durable';

/** Result codes of SQLite and of the dqlite server. */
const ABORT = 4;
const BUSY = 5;
const NO_MEMORY = 7;
const INPUT_OUTPUT = 10;
const NOT_FOUND = 12;
const CONSTRAINT = 19;
const BUSY_SNAPSHOT = 517;
const SPILL_FAILED = 522;
const NO_DISK_SPACE = 778;
const NOT_LEADER = new Set([10250, 8202]);
const LEADERSHIP_LOST = new Set([10506, 8458]);

const NO_STATEMENT = 'no statement with the given id';

/** A FAILURE response. */
export interface ServerFailure {
  readonly code: number;
  readonly message: string;
}

/** An error for `failure`, and whether the connection is of no further use. */
export function failureError(
  failure: ServerFailure,
  address: string,
  effect: Effect,
): { error: DqliteError; broken: boolean } {
  const { code, message } = failure;
  const details = { sqliteCode: code, serverMessage: message } as const;
  if (isNotLeader(failure)) {
    const retry = effect === 'transaction' ? 'transaction' : 'other-node';
    return {
      error: new DqliteError('NOT_LEADER', { address }, { ...details, retry }),
      broken: true,
    };
  }
  if (code === 0 || code === ABORT || LEADERSHIP_LOST.has(code)) {
    return { error: leadershipLost(failure, address, effect), broken: true };
  }
  if (code === BUSY_SNAPSHOT) {
    return { error: new DqliteError('BUSY_SNAPSHOT', { address }, details), broken: false };
  }
  const primary = code & 0xff;
  if (primary === BUSY && code < 1000) {
    const error = new DqliteError('BUSY', { address, reason: message }, details);
    return { error, broken: false };
  }
  if (primary === CONSTRAINT && code < 65_536) {
    return {
      error: new DqliteError('CONSTRAINT', { reason: message }, details),
      broken: false,
    };
  }
  if (primary === INPUT_OUTPUT && !isLocal(code, effect)) {
    return { error: leadershipLost(failure, address, effect), broken: true };
  }
  const reason = `${message} (code ${code})`;
  const error = new DqliteError('SQL', { address, reason }, details);
  return { error, broken: code === NOT_FOUND && message !== NO_STATEMENT };
}

/** Whether the answer means that a cached statement is gone while the connection is good. */
export function isStatementGone(failure: ServerFailure): boolean {
  return failure.code === NOT_FOUND && failure.message === NO_STATEMENT;
}

/** Besides the proper code: the database was closed by a leadership change, or Raft's own code 7 leaked. */
function isNotLeader({ code, message }: ServerFailure): boolean {
  return (
    NOT_LEADER.has(code) ||
    (code === NOT_FOUND && message === 'no database opened') ||
    (code === NO_MEMORY && message === 'no more rows available')
  );
}

/**
 * Whether an input or output error stayed on the node that answers, with nothing of the request on any other. A leader
 * sends a commit to its followers while it writes it to its own disk: where that is full, they may have it, and the
 * next leader may commit it.
 */
function isLocal(code: number, effect: Effect): boolean {
  return code === SPILL_FAILED || (code === NO_DISK_SPACE && effect !== 'durable');
}

function leadershipLost(
  { code, message }: ServerFailure,
  address: string,
  effect: Effect,
): DqliteError {
  const details = { sqliteCode: code, serverMessage: message };
  if (effect === 'durable') {
    const reason = `the node answered '${message}', code ${code}`;
    return new DqliteError('OUTCOME_UNKNOWN', { address, reason }, details);
  }
  const retry = effect === 'transaction' ? 'transaction' : 'other-node';
  return new DqliteError('LEADERSHIP_LOST', { address }, { ...details, retry });
}

/**
 * The error of a request whose connection ended before its answer.
 *
 * @param sent whether the server may have seen the request
 * @param cause why the connection ended
 */
export function lostError(
  cause: Error,
  address: string,
  effect: Effect,
  sent: boolean,
): DqliteError {
  const reason = cause.message;
  if (sent && effect === 'durable') {
    return new DqliteError('OUTCOME_UNKNOWN', { address, reason }, { cause });
  }
  if (isDqliteError(cause, 'CLOSED')) return cause;
  const retry = effect === 'transaction' ? 'transaction' : 'other-node';
  return new DqliteError('CONNECTION_LOST', { address, reason }, { cause, retry });
}

/**
 * The error of the very request for whose sake the connection was ended: it was cancelled, took too long, or got an
 * answer that is not the protocol.
 */
export function endedError(cause: DqliteError, address: string, effect: Effect): DqliteError {
  const isDurable = effect === 'durable';
  if (cause.code === 'ABORTED') {
    const what = 'A request to the database';
    const outcome = isDurable ? 'unknown' : 'not-executed';
    return new DqliteError('ABORTED', { what }, { cause: cause.cause, outcome });
  }
  if (isDurable) {
    return new DqliteError('OUTCOME_UNKNOWN', { address, reason: cause.message }, { cause });
  }
  return cause;
}
