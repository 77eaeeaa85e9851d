/** One open listener: accepts connections, feeds them to HTTP, and ends them in good order. */
import type { Server as HttpServer } from 'node:http';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { peerCertificateOf } from '../access/index.js';
import { Connections } from './connections.js';
import { createHttpFront, feed, type RequestSink } from './http-front.js';
import { markSocket, type ListenerIdentity } from './listener-identity.js';
import type { ListenerLimits } from './listener-limits.js';
import { TlsTerminator, type ListenerKeyPair } from './tls-terminator.js';
import { UntrustedConnections } from './untrusted-connections.js';

/** Where to listen; `fd` is a listening socket that exists already, which the listener then closes. */
export type ListenPlace = ListenOptions & { readonly fd?: number };

/** What a listener is made of. */
export interface ListenerSettings {
  readonly name: string;
  /** Makes it a TLS listener. */
  readonly keyPair?: ListenerKeyPair;
  /** Default for {@link Listener.close}, milliseconds. */
  readonly drainTimeoutMs: number;
  readonly limits: ListenerLimits;
  readonly sink: RequestSink;
  /** Takes connections of our own members to the database node. */
  readonly onDqlite: ((socket: Socket, head: Buffer) => void) | undefined;
  /** Whether a certificate, by its fingerprint, is a member's. */
  readonly isMember: (fingerprint: string) => boolean;
}

/** A listener owns every socket that it accepted, until the socket closes or another process takes it. */
export class Listener {
  private readonly acceptor: Server;
  private readonly http: HttpServer;
  private readonly tls: TlsTerminator | undefined;
  private readonly connections = new Connections();
  private readonly untrusted: UntrustedConnections;
  private readonly identity: ListenerIdentity;
  private readonly draining = new AbortController();
  private closing: Promise<number> | undefined;

  constructor(private readonly settings: ListenerSettings) {
    const { name, keyPair, limits, sink, onDqlite } = settings;
    this.untrusted = new UntrustedConnections(limits.maxUntrustedConnections);
    this.identity = {
      name,
      address: '',
      isTls: keyPair !== undefined,
      draining: this.draining.signal,
    };
    this.http = createHttpFront(
      {
        dispatch: (request, response) => {
          this.noteActivity(this.connections.begin(request, response));
          sink.dispatch(request, response);
        },
        dispatchUpgrade: (request, socket, head) => {
          this.noteActivity(this.connections.upgrade(socket));
          sink.dispatchUpgrade(request, socket, head);
        },
      },
      limits,
    );
    this.tls =
      keyPair === undefined
        ? undefined
        : new TlsTerminator(name, keyPair, this.http, limits, {
            onSecure: (raw, secure) => {
              if (this.isMember(secure)) this.untrusted.release(raw);
              this.serve(raw, secure);
            },
            onDqlite:
              onDqlite === undefined
                ? undefined
                : (raw, head) => {
                    this.connections.forget(raw);
                    this.untrusted.release(raw);
                    onDqlite(raw, head);
                  },
          });
    this.acceptor = createServer({ noDelay: true, keepAlive: true }, (socket) =>
      this.accept(socket),
    );
  }

  /** The address that the system bound; `ip:port`, or the path of a unix socket. */
  get address(): string {
    return this.identity.address;
  }

  /** Starts to accept. @throws the system's error when the address cannot be bound */
  async open(where: ListenPlace): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.acceptor.once('error', reject);
        this.acceptor.listen(where, () => {
          this.acceptor.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      this.http.close();
      throw error;
    }
    this.acceptor.on('error', () => {
      // Failing to accept one connection (no file descriptors left) must not end the others.
    });
    this.identity.address = boundAddress(this.acceptor, where);
  }

  /** See {@link TlsTerminator.setKeyPair}; a plain listener has none. */
  setKeyPair(keyPair: ListenerKeyPair): void {
    this.tls?.setKeyPair(keyPair);
  }

  /**
   * Stops accepting at once, lets requests in flight finish, and cuts what is left.
   *
   * Another call waits for the same end, and brings it nearer when its limit ends earlier.
   *
   * @param drainMs how long to wait from now, milliseconds; default the listener's own, or what an earlier call
   *   has begun; 0 cuts at once
   * @returns how many connections were cut; settles when none is left
   */
  close(drainMs?: number): Promise<number> {
    if (this.closing === undefined) {
      this.closing = this.shut(drainMs ?? this.settings.drainTimeoutMs);
    } else if (drainMs !== undefined) this.connections.shortenDrain(drainMs);
    return this.closing;
  }

  /** See {@link ListenerSet.settle}. */
  settle(limitMs: number): Promise<number> {
    return this.connections.settle(limitMs);
  }

  private async shut(drainMs: number): Promise<number> {
    this.draining.abort();
    // Its callback would wait for sockets that another process has taken over.
    this.acceptor.close();
    const cut = await this.connections.drain(drainMs);
    this.http.close();
    await nextTurn();
    return cut;
  }

  private accept(socket: Socket): void {
    if (this.draining.signal.aborted) {
      socket.destroy();
      return;
    }
    this.connections.add(socket);
    socket.on('error', () => {
      // The peer reset the connection; 'close' follows and tidies up.
    });
    if (this.tls === undefined) {
      this.serve(socket, socket);
      return;
    }
    this.untrusted.add(socket);
    void this.tls.accept(socket);
  }

  private noteActivity(raw: Socket | undefined): void {
    if (raw !== undefined) this.untrusted.touch(raw);
  }

  private isMember(secure: TLSSocket): boolean {
    const certificate = peerCertificateOf(secure);
    return certificate !== undefined && this.settings.isMember(certificate.fingerprint);
  }

  private serve(raw: Socket, stream: Socket | TLSSocket): void {
    this.connections.wrap(raw, stream);
    markSocket(stream, this.identity);
    feed(this.http, stream);
  }
}

/** The system has let go of the address by the next turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function boundAddress(server: Server, where: ListenPlace): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return where.path ?? '';
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}
