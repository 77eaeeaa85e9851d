/** Clients without a certificate that take what they can get, and are slow to take it. */
import { once } from 'node:events';
import { connect as connectPlain, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const LIMIT_MS = 120_000;
const DRIP_MS = 100;

/** Where a daemon's Core API is. */
export function placeOf(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname, port: Number(port) };
}

/** The open connections of one flood. */
export class Strangers implements Disposable {
  private readonly sockets: Socket[] = [];
  private readonly drips: NodeJS.Timeout[] = [];

  /** How many of them the daemon has not ended yet. */
  get open(): number {
    return this.sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
  }

  /** Connects without TLS, and sends `bytes`. */
  async plain(where: NetConnectOpts, bytes: string | Buffer = ''): Promise<Socket> {
    const socket = this.keep(connectPlain(where));
    await once(socket, 'connect', { signal: AbortSignal.timeout(LIMIT_MS) });
    socket.write(bytes);
    return socket;
  }

  /** Shakes hands, and sends `bytes`. */
  async secure(address: string, bytes: string | Buffer = ''): Promise<Socket> {
    const socket = connectTls({ ...placeOf(address), rejectUnauthorized: false });
    this.keep(socket);
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(LIMIT_MS) });
    socket.write(bytes);
    return socket;
  }

  /** Lets a byte follow now and then. */
  drip(socket: Socket, byte: string): void {
    this.drips.push(
      setInterval(() => {
        if (socket.writable) socket.write(byte);
      }, DRIP_MS),
    );
  }

  /** Goes away without a word. */
  leave(): void {
    for (const drip of this.drips.splice(0)) clearInterval(drip);
    for (const socket of this.sockets.splice(0)) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  private keep(socket: Socket): Socket {
    socket.on('error', () => undefined).resume();
    this.sockets.push(socket);
    return socket;
  }
}
