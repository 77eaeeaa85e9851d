/** A listener of our own on a node's address, for TLS or for addresses that libdqlite cannot bind to. */
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { DqliteError } from '../errors/index.js';
import { parseHostAndPort } from '../native/socket-address.js';
import type { TlsIdentity } from '../node-host.js';
import { Connections } from './connections.js';
import { openEngineForPeer } from './engine-port.js';

const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 3_000,
  allowHalfOpen: true,
};

/** Accepts connections on the node's address and passes their bytes to the engine. */
export class OwnListener {
  readonly connections = new Connections<undefined>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param tls present: mutual TLS, each side's certificate signed by or equal to `trusted` (`spec/dqlite.md` C.8) */
  constructor(
    bindAddress: () => string,
    tls?: { readonly identity: TlsIdentity; readonly trusted: string },
  ) {
    const serve = (socket: Socket) => {
      socket.on('error', () => socket.destroy());
      try {
        this.connections.join(undefined, socket, openEngineForPeer(bindAddress()));
      } catch {
        socket.destroy();
      }
    };
    this.#server =
      tls === undefined
        ? createTcpServer(SOCKET_OPTIONS, serve)
        : createTlsServer(
            {
              ...SOCKET_OPTIONS,
              cert: tls.identity.certificate,
              key: tls.identity.privateKey,
              ca: tls.trusted,
              requestCert: true,
              rejectUnauthorized: true,
              minVersion: 'TLSv1.2',
              handshakeTimeout: 10_000,
            },
            serve,
          );
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** @throws DqliteError `NODE_START_FAILED` when the address cannot be listened on */
  async listen(address: string): Promise<void> {
    const target = parseHostAndPort(address);
    if (target === undefined) {
      throw new DqliteError('NODE_START_FAILED', { address, reason: 'it is not host:port' });
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const reason = cause.message;
        reject(new DqliteError('NODE_START_FAILED', { address, reason }, { cause }));
      });
      this.#server.listen(target, resolve);
    });
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    this.connections.cut(() => true);
    await closed;
  }
}
