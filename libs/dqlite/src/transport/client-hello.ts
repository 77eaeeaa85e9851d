/** Reads the protocols that a TLS client offers, without being a TLS server (RFC 8446 4.1.2, RFC 7301). */

/** What the owner of a listener needs to decide who serves a connection. */
export interface ClientHello {
  /** The protocols offered, in the client's order; empty when it offers none or does not speak TLS. */
  readonly alpn: readonly string[];
  /** Every byte read so far, to be given to whoever serves the connection. */
  readonly head: Buffer;
}

/** Most bytes of a ClientHello that are read by default. */
export const MAX_CLIENT_HELLO_BYTES = 16_384;

const HANDSHAKE_RECORD = 22;
const RECORD_HEADER_BYTES = 5;
const CLIENT_HELLO = 1;
const MESSAGE_HEADER_BYTES = 4;
const VERSION_AND_RANDOM_BYTES = 34;
const ALPN_EXTENSION = 16;

/**
 * Collects a ClientHello that may come in any number of segments and TLS records.
 * Anything that is not one counts as a hello without protocols: the TLS server will refuse it better.
 */
export class ClientHelloReader {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  /** @param maxBytes most bytes to collect, see {@link MAX_CLIENT_HELLO_BYTES} */
  constructor(maxBytes: number = MAX_CLIENT_HELLO_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Adds a segment.
   *
   * @returns the hello once it is complete, else undefined
   * @throws Error when it is longer than allowed
   */
  push(segment: Buffer): ClientHello | undefined {
    this.#chunks.push(segment);
    this.#length += segment.length;
    const head = Buffer.concat(this.#chunks, this.#length);
    this.#chunks.splice(0, this.#chunks.length, head);
    const message = firstHandshakeMessage(head);
    if (message === 'incomplete') {
      if (this.#length >= this.#maxBytes) {
        throw new Error(`The TLS ClientHello is longer than ${this.#maxBytes} bytes`);
      }
      return undefined;
    }
    return { alpn: message === 'other' ? [] : offeredProtocols(message), head };
  }
}

/** Joins the fragments of the first handshake message, over as many records as it takes. */
function firstHandshakeMessage(head: Buffer): Buffer | 'incomplete' | 'other' {
  const fragments: Buffer[] = [];
  let collected = 0;
  let offset = 0;
  for (;;) {
    if (offset < head.length && head[offset] !== HANDSHAKE_RECORD) return 'other';
    if (offset + 2 <= head.length && head[offset + 1] !== 3) return 'other';
    if (offset + RECORD_HEADER_BYTES > head.length) return 'incomplete';
    const length = head.readUInt16BE(offset + 3);
    if (length === 0) return 'other';
    const fragment = head.subarray(offset + RECORD_HEADER_BYTES).subarray(0, length);
    fragments.push(fragment);
    collected += fragment.length;
    if (collected > 0 && fragments[0]?.[0] !== CLIENT_HELLO && fragments[0]?.length !== 0) {
      return 'other';
    }
    if (collected >= MESSAGE_HEADER_BYTES) {
      const joined = Buffer.concat(fragments, collected);
      const end = MESSAGE_HEADER_BYTES + joined.readUIntBE(1, 3);
      if (joined.length >= end) return joined.subarray(MESSAGE_HEADER_BYTES, end);
    }
    if (fragment.length < length) return 'incomplete';
    offset += RECORD_HEADER_BYTES + length;
  }
}

/** The ALPN names in the body of a ClientHello; none when it is malformed anywhere on the way there. */
function offeredProtocols(body: Buffer): string[] {
  try {
    const hello = new Cursor(body);
    hello.skip(VERSION_AND_RANDOM_BYTES);
    hello.vector(1); // session id
    hello.vector(2); // cipher suites
    hello.vector(1); // compression methods
    const extensions = new Cursor(hello.vector(2));
    while (!extensions.isAtEnd) {
      const type = extensions.uint(2);
      const content = extensions.vector(2);
      if (type !== ALPN_EXTENSION) continue;
      const names = new Cursor(new Cursor(content).vector(2));
      const protocols: string[] = [];
      while (!names.isAtEnd) protocols.push(names.vector(1).toString('latin1'));
      return protocols;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return [];
}

/** Reads the vectors of TLS, with a length in front; a RangeError when one reaches beyond the end. */
class Cursor {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  skip(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError('vector beyond the end');
    const skipped = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return skipped;
  }

  uint(bytes: 1 | 2): number {
    return this.skip(bytes).readUIntBE(0, bytes);
  }

  vector(lengthBytes: 1 | 2): Buffer {
    return this.skip(this.uint(lengthBytes));
  }
}
