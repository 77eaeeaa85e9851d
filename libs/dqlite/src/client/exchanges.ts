/** The three ways to receive an answer: one response, a whole result, or a result part by part. */
import { DqliteError } from '../errors/index.js';
import type { SqlValue } from '../values.js';
import { MalformedMessage, type Response, type RowsPart } from '../wire/index.js';
import type { Channel, Exchange } from './channel.js';
import type { Deadline } from './deadline.js';
import { failureError, type Effect } from './server-failure.js';

/** A result as a whole. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: SqlValue[][];
}

const NOTHING: QueryResult = { columns: [], rows: [] };

/** Who waits for an answer: one of the two is called once, as soon as the channel is free for the next request. */
export interface Receiver<T> {
  readonly done: (answer: T) => void;
  readonly failed: (error: unknown) => void;
}

/** Sends `frame` and resolves with its one response. Failures reject. */
export function requestOne<T extends Response['type']>(
  channel: Channel,
  expected: T,
  frame: Buffer,
  effect: Effect,
  deadline: Deadline,
): Promise<Extract<Response, { type: T }>> {
  return new Promise((resolve, reject) => {
    sendForOne(channel, expected, frame, effect, deadline, { done: resolve, failed: reject });
  });
}

/** Sends a query and resolves with all of its rows. */
export function requestRows(
  channel: Channel,
  frame: Buffer,
  effect: Effect,
  deadline: Deadline,
): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    sendForRows(channel, frame, effect, deadline, { done: resolve, failed: reject });
  });
}

/** {@link requestOne} without a pause between the answer and its use. */
export function sendForOne<T extends Response['type']>(
  channel: Channel,
  expected: T,
  frame: Buffer,
  effect: Effect,
  deadline: Deadline,
  receiver: Receiver<Extract<Response, { type: T }>>,
): void {
  let answer: Extract<Response, { type: T }> | undefined;
  let failure: DqliteError | undefined;
  channel.submit({
    frame,
    effect,
    deadline,
    receive: (response) => {
      if (isType(response, expected)) answer = response;
      else if (response.type !== 'failure') throw unexpected(response, expected);
      else {
        rejectWith(channel, response, effect, (error) => {
          failure = error;
        });
      }
      return true;
    },
    finished: () => {
      if (answer !== undefined) receiver.done(answer);
      else if (failure !== undefined) receiver.failed(failure);
    },
    fail: (error) => receiver.failed(failure ?? error),
  });
}

/** {@link requestRows} without a pause between the answer and its use. */
export function sendForRows(
  channel: Channel,
  frame: Buffer,
  effect: Effect,
  deadline: Deadline,
  receiver: Receiver<QueryResult>,
): void {
  let collected: QueryResult = NOTHING;
  let failure: DqliteError | undefined;
  channel.submit({
    frame,
    effect,
    deadline,
    receive: (response) => {
      if (response.type === 'rows') {
        checkPart(response);
        if (collected === NOTHING) collected = { columns: response.columns, rows: response.rows };
        else for (const row of response.rows) collected.rows.push(row);
        return response.done;
      }
      if (response.type !== 'failure') throw unexpected(response, 'rows');
      rejectWith(channel, response, effect, (error) => {
        failure = error;
      });
      return true;
    },
    finished: () => {
      if (failure === undefined) receiver.done(collected);
      else receiver.failed(failure);
    },
    fail: (error) => receiver.failed(failure ?? error),
  });
}

/** Sends a query whose parts go to `sink` as they arrive. */
export function requestParts(
  channel: Channel,
  frame: Buffer,
  effect: Effect,
  deadline: Deadline,
  sink: { part(part: RowsPart): void; fail(error: DqliteError): void },
): Exchange {
  const exchange: Exchange = {
    frame,
    effect,
    deadline,
    finished: () => undefined,
    fail: (error) => sink.fail(error),
    receive: (response) => {
      if (response.type === 'rows') {
        checkPart(response);
        sink.part(response);
        return response.done;
      }
      if (response.type !== 'failure') throw unexpected(response, 'rows');
      rejectWith(channel, response, effect, (error) => sink.fail(error));
      return true;
    },
  };
  channel.submit(exchange);
  return exchange;
}

/** Column names that fill a page make the server send empty parts for ever (rule 12). */
function checkPart(part: RowsPart): void {
  if (!part.done && part.rows.length === 0) throw new DqliteError('COLUMN_HEADER_TOO_LARGE', {});
}

function rejectWith(
  channel: Channel,
  failure: Extract<Response, { type: 'failure' }>,
  effect: Effect,
  reject: (error: DqliteError) => void,
): void {
  const { error, broken } = failureError(failure, channel.address, effect);
  reject(error);
  if (broken) channel.destroy(new Error(`the node answered '${failure.message}'`));
}

function isType<T extends Response['type']>(
  response: Response,
  type: T,
): response is Extract<Response, { type: T }> {
  return response.type === type;
}

function unexpected(response: Response, expected: string): MalformedMessage {
  return new MalformedMessage(`a '${response.type}' response came instead of '${expected}'`);
}
