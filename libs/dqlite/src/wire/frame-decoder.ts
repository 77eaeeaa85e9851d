/** Cuts a byte stream into frames and decodes them, with a bound on what it remembers. */
import { HEADER_BYTES, WORD } from './constants.js';
import { decodeResponse } from './decode-response.js';
import { MalformedMessage } from './malformed.js';
import type { Response } from './messages.js';
import { RowsDecoder } from './rows-decoder.js';

/** Default bound of one message, bytes: a result part is 4 KB plus one row, and a value is rarely above 30 MB. */
export const DEFAULT_MAX_BODY_BYTES = 256 * 1024 * 1024;

/**
 * Decodes what a server sends. Bytes are held only until their frame is complete, and memory grows with what has
 * arrived, never with what a header announces.
 */
export class FrameDecoder {
  /** Largest body accepted, bytes; may be raised for the length of a dump. Lower: big rows fail. Higher: a bad peer can fill the memory. */
  maxBodyBytes: number;
  /** Largest body seen so far, bytes. */
  largestBodyBytes = 0;
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** Bytes of the frame being collected, header included; 0 while the header is incomplete. */
  #wanted = 0;
  readonly #rows = new RowsDecoder();

  constructor(options: { readonly maxBodyBytes?: number } = {}) {
    this.maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  }

  /** Bytes that wait for the rest of their frame. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /**
   * Takes the next bytes and returns the responses that they complete.
   *
   * @throws MalformedMessage when the bytes are not the protocol; the decoder is of no use afterwards
   */
  push(chunk: Buffer): Response[] {
    let data = chunk;
    if (this.#buffered > 0) {
      this.#chunks.push(chunk);
      this.#buffered += chunk.length;
      if (this.#buffered < Math.max(this.#wanted, HEADER_BYTES)) return [];
      data = Buffer.concat(this.#chunks, this.#buffered);
      this.#chunks = [];
      this.#buffered = 0;
    }
    return this.#decode(data);
  }

  #decode(data: Buffer): Response[] {
    const responses: Response[] = [];
    let offset = 0;
    this.#wanted = 0;
    while (data.length - offset >= HEADER_BYTES) {
      const bodyBytes = data.readUInt32LE(offset) * WORD;
      this.#checkBody(bodyBytes);
      if (data.length - offset < HEADER_BYTES + bodyBytes) {
        this.#wanted = HEADER_BYTES + bodyBytes;
        break;
      }
      const type = data.readUInt8(offset + 4);
      const start = offset + HEADER_BYTES;
      offset = start + bodyBytes;
      responses.push(decodeResponse(type, data.subarray(start, offset), this.#rows));
    }
    if (offset < data.length) {
      this.#chunks.push(data.subarray(offset));
      this.#buffered = data.length - offset;
    }
    return responses;
  }

  #checkBody(bodyBytes: number): void {
    if (bodyBytes === 0) throw new MalformedMessage('a message has no body');
    if (bodyBytes > this.maxBodyBytes) {
      throw new MalformedMessage(
        `a message of ${bodyBytes} bytes exceeds the limit of ${this.maxBodyBytes}`,
      );
    }
    if (bodyBytes > this.largestBodyBytes) this.largestBodyBytes = bodyBytes;
  }
}
