/** A TCP proxy on loopback: the network from one member to another. */
import { once, setMaxListeners } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LinkState } from './link-state.js';

/** Bytes that are on their way in one direction of one connection, at most. */
const IN_FLIGHT_BYTES = 1024 * 1024;

/** Accepts connections of one member, and carries their bytes to another as its state says. */
export class Link {
  readonly state = new LinkState();
  private readonly ended = new AbortController();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    // One listener for each connection that waits.
    setMaxListeners(0, this.ended.signal);
    this.server.on('connection', (socket) => void this.carry(socket));
  }

  /** @param address `ip:port` where the other member listens, now or later */
  static async to(address: string): Promise<Link> {
    const at = address.lastIndexOf(':');
    const link = new Link({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
    link.server.listen(0, '127.0.0.1');
    await once(link.server, 'listening');
    return link;
  }

  /** `ip:port` where the member is reached through this link. */
  get address(): string {
    const bound = this.server.address();
    if (bound === null || typeof bound === 'string') throw new Error('The link is closed');
    return `127.0.0.1:${bound.port}`;
  }

  async close(): Promise<void> {
    this.ended.abort();
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private async carry(near: Socket): Promise<void> {
    this.keep(near);
    try {
      await this.state.passage(this.state.dueTime(), this.ended.signal);
      if (near.destroyed) return;
      const far = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
      this.keep(far);
      await once(far, 'connect');
      await Promise.all([
        pipeline(near, new Passage(this.state), far),
        pipeline(far, new Passage(this.state), near),
      ]);
    } catch {
      // One side has gone; so has the connection.
    } finally {
      near.destroy();
    }
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
  }
}

/** One direction of a connection: hands bytes on when they are due, in order. */
class Passage extends Transform {
  private readonly gone = new AbortController();
  private last: Promise<void> = Promise.resolve();
  private inFlight = 0;

  constructor(private readonly state: LinkState) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.inFlight += chunk.length;
    this.last = this.handOn(chunk, this.last, this.state.dueTime());
    // A failure is reported where it is waited for: by the next chunk that waits, or at the end.
    this.last.catch(() => undefined);
    if (this.inFlight < IN_FLIGHT_BYTES) done();
    else void reported(this.last, done);
  }

  override _flush(done: TransformCallback): void {
    void reported(this.inTurn(this.last, this.state.dueTime()), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.gone.abort();
    done(error);
  }

  private async handOn(chunk: Buffer, before: Promise<void>, due: number): Promise<void> {
    await this.inTurn(before, due);
    this.inFlight -= chunk.length;
    this.push(chunk);
  }

  private async inTurn(before: Promise<void>, due: number): Promise<void> {
    await before;
    await this.state.passage(due, this.gone.signal);
  }
}

/** Tells a stream how an operation ended. */
async function reported(operation: Promise<void>, done: TransformCallback): Promise<void> {
  const failure = await operation.then(
    () => null,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  done(failure);
}
