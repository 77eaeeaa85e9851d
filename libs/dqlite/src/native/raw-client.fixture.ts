/** A minimal speaker of the wire protocol for tests, which also sends what no client ever should. */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export const u64 = (value: bigint | number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

export const text = (value: string): Buffer => {
  const bytes = Buffer.from(`${value}\0`);
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
};

export interface Reply {
  readonly type: number;
  readonly body: Buffer;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

const MORE_ROWS = 0xeeeeeeeeeeeeeeeen;

/** One connection; requests are answered in order, multi-part results are joined to their last part. */
export class RawClient {
  readonly stream: Duplex;
  readonly ended: Promise<void>;
  #buffer: Buffer = Buffer.alloc(0);
  /** Bytes received so far. */
  received = 0;
  readonly #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      stream.on('close', () => {
        this.#isClosed = true;
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('connection closed'));
        resolve();
      });
    });
    stream.on('end', () => stream.destroy());
    stream.write(u64(1));
  }

  static async dial(address: string): Promise<RawClient> {
    const colon = address.lastIndexOf(':');
    const socket = connect({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      noDelay: true,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  send(type: number, ...parts: Buffer[]): Promise<Reply> {
    const body = Buffer.concat(parts);
    const header = Buffer.alloc(8);
    header.writeUInt32LE(body.length / 8);
    header[4] = type;
    if (this.#isClosed) return Promise.reject(new Error('connection closed'));
    const reply = new Promise<Reply>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    this.stream.write(Buffer.concat([header, body]));
    return reply;
  }

  async request(type: number, ...parts: Buffer[]): Promise<Reply> {
    const reply = await this.send(type, ...parts);
    if (reply.type !== 0) return reply;
    const end = reply.body.indexOf(0, 8);
    throw new Error(`[${reply.body.readBigUInt64LE(0)}] ${reply.body.subarray(8, end).toString()}`);
  }

  async leader(): Promise<{ id: bigint; address: string }> {
    const { body } = await this.request(0, u64(0));
    return {
      id: body.readBigUInt64LE(0),
      address: body.subarray(8, body.indexOf(0, 8)).toString(),
    };
  }

  async open(database: string): Promise<void> {
    await this.request(3, text(database), u64(0), text(''));
  }

  /** Opens and runs the warm-up of rule 3. */
  async openWarm(database: string): Promise<void> {
    await this.open(database);
    await this.query('SELECT zeroblob(65536)');
  }

  exec(sql: string): Promise<Reply> {
    return this.request(8, u64(0), text(sql));
  }

  query(sql: string): Promise<Reply> {
    return this.request(9, u64(0), text(sql));
  }

  /** The integer in the only column of the only row. */
  async integer(sql: string): Promise<bigint> {
    const { body } = await this.query(sql);
    const names = body.indexOf(0, 8);
    return body.readBigInt64LE(Math.ceil((names + 1) / 8) * 8 + 8);
  }

  add(id: bigint, address: string): Promise<Reply> {
    return this.request(12, u64(id), text(address));
  }

  assign(id: bigint, role: number): Promise<Reply> {
    return this.request(13, u64(id), u64(role));
  }

  close(): void {
    this.stream.destroy();
  }

  #receive(chunk: Buffer): void {
    this.received += chunk.length;
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= 8) {
      const length = 8 + this.#buffer.readUInt32LE(0) * 8;
      if (this.#buffer.length < length) return;
      const type = this.#buffer.readUInt8(4);
      const body = this.#buffer.subarray(8, length);
      this.#buffer = this.#buffer.subarray(length);
      const isPart = type === 7 && body.readBigUInt64LE(body.length - 8) === MORE_ROWS;
      if (!isPart) this.#waiting.shift()?.resolve({ type, body });
    }
  }
}

/** Dials until the node at `address` names a leader, and returns a connection to that leader. */
export async function leaderOf(
  addresses: readonly string[],
  deadlineMs = 60_000,
): Promise<RawClient> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    for (const address of addresses) {
      let client: RawClient | undefined;
      try {
        client = await RawClient.dial(address);
        const leader = await client.leader();
        if (leader.address === address) return client;
      } catch {
        // Not up yet.
      }
      client?.close();
    }
    if (Date.now() > end) throw new Error(`no leader among ${addresses.join()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
