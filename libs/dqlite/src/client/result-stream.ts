/** Yields the rows of a result while it arrives. */
import type { Channel } from './channel.js';
import type { Deadline } from './deadline.js';
import { requestParts } from './exchanges.js';
import { RowBuffer, type StreamedRow } from './row-buffer.js';
import type { Effect } from './server-failure.js';

/** Rows that may wait for a slow reader. More costs memory; fewer make the server wait, which rule 13 warns of. */
const BUFFERED_ROWS = 16_384;

export interface ResultStreamOptions {
  readonly channel: Channel;
  readonly frame: Buffer;
  readonly effect: Effect;
  /** Bounds each wait for rows, not the whole. */
  readonly deadline: Deadline;
  /** Whether another statement waits for the connection: the server is then not asked to pause. */
  readonly hasWaiters: () => boolean;
  /** Called when the last row has arrived, even if it was not read yet. */
  readonly onArrived: () => void;
  /** Whether leaving early must keep the connection, because a transaction is open on it. */
  readonly keepConnection: () => boolean;
}

/** Sends the query at the first `next()`. */
export async function* streamResult(
  options: ResultStreamOptions,
): AsyncGenerator<StreamedRow, void, undefined> {
  const { channel, frame, effect, deadline } = options;
  const buffer = new RowBuffer({
    highWaterRows: BUFFERED_ROWS,
    onFull: () => {
      if (!options.hasWaiters()) channel.pause();
    },
    onDrained: () => channel.resume(),
    onArrived: options.onArrived,
  });
  const exchange = requestParts(channel, frame, effect, deadline, buffer);
  try {
    for (;;) {
      const part = await buffer.take();
      if (part === undefined) return;
      for (const row of part.rows) yield { columns: part.columns, row };
      channel.extend(exchange, deadline.ms);
    }
  } finally {
    await leave(buffer, options);
  }
}

/** Cancelling a result means closing its connection; within a transaction the rest is read and thrown away instead. */
async function leave(buffer: RowBuffer, options: ResultStreamOptions): Promise<void> {
  if (buffer.isComplete) return;
  if (!options.keepConnection()) {
    options.channel.destroy(new Error('the reader of a result left it early'));
    return;
  }
  options.channel.resume();
  try {
    do buffer.discard();
    while ((await buffer.take()) !== undefined);
  } catch {
    // Whatever ended the result is met again by the next statement of the transaction.
  }
}
