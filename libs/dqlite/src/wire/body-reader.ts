/** Reads the primitive encodings of `spec/dqlite.md` A.3 out of one message body, never past its end. */
import { WORD } from './constants.js';
import { MalformedMessage } from './malformed.js';

const TWO_TO_32 = 0x1_0000_0000;
/** High halves outside of these belong to integers that no number represents exactly. */
const SAFE_HIGH_MIN = -0x20_0000;
const SAFE_HIGH_MAX = 0x1f_ffff;

/** Rounds `bytes` up to a whole number of words. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / WORD) * WORD;
}

/** A cursor over a body. Each method reads one value and moves on, or throws {@link MalformedMessage}. */
export class BodyReader {
  offset = 0;
  readonly body: Buffer;
  readonly #end: number;

  /** @param end readable bytes; values behind it do not exist for this reader */
  constructor(body: Buffer, end: number = body.length) {
    this.body = body;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.offset;
  }

  #advance(bytes: number): number {
    const start = this.offset;
    if (bytes > this.#end - start)
      throw new MalformedMessage('a value runs past the end of its message');
    this.offset = start + bytes;
    return start;
  }

  uint32(): number {
    return this.body.readUInt32LE(this.#advance(4));
  }

  uint64(): bigint {
    return this.body.readBigUInt64LE(this.#advance(WORD));
  }

  /** A count, size or code; more than 2^53 of anything is malformed. */
  count(): number {
    const start = this.#advance(WORD);
    const high = this.body.readUInt32LE(start + 4);
    if (high > SAFE_HIGH_MAX) throw new MalformedMessage('a count is impossibly large');
    return high * TWO_TO_32 + this.body.readUInt32LE(start);
  }

  /** A signed integer: a number where that is exact, else a bigint. */
  integer(): number | bigint {
    const start = this.#advance(WORD);
    const high = this.body.readInt32LE(start + 4);
    const low = this.body.readUInt32LE(start);
    if (high >= SAFE_HIGH_MIN && high <= SAFE_HIGH_MAX) {
      const value = high * TWO_TO_32 + low;
      if (Number.isSafeInteger(value)) return value;
    }
    return this.body.readBigInt64LE(start);
  }

  float(): number {
    return this.body.readDoubleLE(this.#advance(WORD));
  }

  /** Whether the word is not zero. */
  flag(): boolean {
    const start = this.#advance(WORD);
    return (this.body.readUInt32LE(start) | this.body.readUInt32LE(start + 4)) !== 0;
  }

  /** Moves over `bytes` and returns where they start. */
  skip(bytes: number): number {
    return this.#advance(bytes);
  }

  /** NUL-terminated UTF-8, padded to a word. */
  text(): string {
    const start = this.offset;
    const nul = this.body.indexOf(0, start);
    if (nul === -1 || nul >= this.#end) throw new MalformedMessage('a text is not terminated');
    this.#advance(padded(nul - start + 1));
    return this.body.toString('utf8', start, nul);
  }

  /** Length and bytes, padded to a word; a view of the message. */
  bytes(): Buffer {
    const length = this.count();
    const start = this.#advance(padded(length));
    return this.body.subarray(start, start + length);
  }

  /** Like {@link bytes}, copied, so that a small value does not keep a large message alive. */
  blob(): Buffer {
    return Buffer.from(this.bytes());
  }
}
