/** The few requests that the database process sends to its own engine, by hand (`spec/dqlite.md` A.5). */
import type { Duplex } from 'node:stream';

const PROTOCOL_VERSION = 1n;
const REQUEST = { leader: 0, cluster: 16, transfer: 17 } as const;
const RESPONSE = { failure: 0, server: 1, servers: 3, empty: 8 } as const;
const HEADER_BYTES = 8;
const WORD = 8;
const VOTER = 0n;
/** Far more than the member list of any cluster. */
const MAX_BODY_BYTES = 1 << 20;

/** A short conversation with an engine. Every request has the deadline of the constructor's signal. */
export class EngineRequests {
  readonly #stream: Duplex;
  readonly #signal: AbortSignal;

  constructor(stream: Duplex, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
    stream.on('error', () => stream.destroy());
    stream.write(word(PROTOCOL_VERSION));
  }

  /** Address of the leader that this node knows; empty when it knows none. */
  async leaderAddress(): Promise<string> {
    const body = await this.#request(REQUEST.leader, 0n, RESPONSE.server);
    return textAt(body, WORD).text;
  }

  /** Addresses of the voters. */
  async voters(): Promise<string[]> {
    const body = await this.#request(REQUEST.cluster, 1n, RESPONSE.servers);
    const voters: string[] = [];
    let offset = WORD;
    for (let left = body.readBigUInt64LE(0); left > 0n; left -= 1n) {
      const { text, end } = textAt(body, offset + WORD);
      if (body.readBigUInt64LE(end) === VOTER) voters.push(text);
      offset = end + WORD;
    }
    return voters;
  }

  /** Hands leadership to any other voter; takes up to an election timeout. @throws Error when it failed */
  async transferLeadership(): Promise<void> {
    await this.#request(REQUEST.transfer, 0n, RESPONSE.empty);
  }

  close(): void {
    this.#stream.destroy();
  }

  async #request(type: number, argument: bigint, expected: number): Promise<Buffer> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(1, 0);
    header[4] = type;
    this.#stream.write(Buffer.concat([header, word(argument)]));
    const { type: answered, body } = await this.#response();
    if (answered === RESPONSE.failure) throw new Error(textAt(body, WORD).text);
    if (answered !== expected) throw new Error(`the engine answered type ${answered}`);
    return body;
  }

  #response(): Promise<{ type: number; body: Buffer }> {
    const stream = this.#stream;
    const signal = this.#signal;
    return new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      const settle = () => {
        signal.removeEventListener('abort', onAbort);
        stream.off('data', onData).off('close', onClose);
        stream.pause();
      };
      const fail = (error: Error) => {
        settle();
        stream.destroy();
        reject(error);
      };
      const onData = (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < HEADER_BYTES) return;
        const length = received.readUInt32LE(0) * WORD;
        if (length > MAX_BODY_BYTES) fail(new Error('the engine answers too much'));
        if (received.length < HEADER_BYTES + length) return;
        settle();
        resolve({ type: received.readUInt8(4), body: received.subarray(HEADER_BYTES) });
      };
      const onClose = () => fail(new Error('the engine closed the connection'));
      const onAbort = () => fail(new Error('the engine did not answer in time'));
      signal.addEventListener('abort', onAbort, { once: true });
      stream.on('data', onData).once('close', onClose);
      if (signal.aborted) onAbort();
      else stream.resume();
    });
  }
}

function word(value: bigint): Buffer {
  const bytes = Buffer.alloc(WORD);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function textAt(body: Buffer, offset: number): { text: string; end: number } {
  const nul = body.indexOf(0, offset);
  if (nul < 0) throw new Error('the engine sent a text without an end');
  const end = offset + Math.ceil((nul + 1 - offset) / WORD) * WORD;
  return { text: body.toString('utf8', offset, nul), end };
}
