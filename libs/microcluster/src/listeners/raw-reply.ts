/** An answer of a Core API handler that is not an envelope. */
import type { Readable } from 'node:stream';

/** Sent as it is, by returning it from a handler. */
export class RawReply {
  /**
   * @param status HTTP status
   * @param body bytes or text to send, or a stream that is destroyed when the client goes away
   * @param headers header fields; without a Content-Type, none is sent
   */
  constructor(
    readonly status: number,
    readonly body: string | Buffer | Readable = '',
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** 200 with an empty body, as `PATCH /core/internal/database` answers (`spec/core-api.md` 11.3). */
export const EMPTY_REPLY = new RawReply(200);
