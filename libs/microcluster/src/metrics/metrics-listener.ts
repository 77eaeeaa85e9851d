/** A plain HTTP listener that serves the metrics and nothing else, to everybody who reaches its address. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenOptions } from 'node:net';
import type { LoggerService, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { MicroclusterError } from '../errors/index.js';
import type { InheritedSockets } from '../service-manager/index.js';
import { Address } from '../types/index.js';
import type { Metrics } from './metrics.js';

/** What its socket is called among inherited ones. */
const NAME = 'metrics';
/** Where Prometheus looks by default. */
const PATH = '/metrics';
/** Scrapers are few; whoever holds connections open must not use up the daemon's. */
const MAX_CONNECTIONS = 64;
const REQUEST_LIMIT_MS = 10_000;

/** Open from before the start of the daemon, whose start it lets one watch, to the very end. */
export class MetricsListener implements OnModuleInit, OnApplicationShutdown {
  private server: Server | undefined;

  /**
   * @param address `ip:port`; `undefined`: no such listener
   * @param inherited listening sockets that exist already, of which one may be bound to the address
   */
  constructor(
    private readonly address: string | undefined,
    private readonly metrics: Metrics,
    private readonly inherited: Pick<InheritedSockets, 'descriptorFor'>,
    private readonly logger: LoggerService,
  ) {}

  /** The address that the system bound; `undefined` while it is closed. */
  get boundAddress(): string | undefined {
    const bound = this.server?.address();
    if (bound === null || bound === undefined || typeof bound === 'string') return undefined;
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
    return `${host}:${bound.port}`;
  }

  /** @throws MicroclusterError `METRICS_LISTEN_FAILED` */
  async onModuleInit(): Promise<void> {
    if (this.address === undefined) return;
    const server = createServer(
      {
        headersTimeout: REQUEST_LIMIT_MS,
        requestTimeout: REQUEST_LIMIT_MS,
        maxHeaderSize: 8 * 1024,
      },
      (request, response) => void this.answer(request, response),
    );
    server.maxConnections = MAX_CONNECTIONS;
    try {
      const place = this.placeOf(Address.parse(this.address));
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(place, resolve);
      });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new MicroclusterError(
        'METRICS_LISTEN_FAILED',
        { address: this.address, reason },
        { cause },
      );
    }
    server.on('error', () => {
      // Failing to accept one connection (no file descriptors left) must not end the others.
    });
    this.server = server;
    this.logger.log({ event: 'metrics-listener-opened', address: this.boundAddress });
  }

  async onApplicationShutdown(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  private placeOf(address: Address): ListenOptions & { readonly fd?: number } {
    const fd = this.inherited.descriptorFor(
      NAME,
      (bound) => Address.tryParse(bound)?.covers(address) === true,
    );
    return fd === undefined ? { host: address.host, port: address.port } : { fd };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = (request.url ?? '').split('?');
    if (path !== PATH) return end(response, 404, 'not found\n');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return end(response, 405, 'method not allowed\n');
    }
    try {
      end(response, 200, await this.metrics.text(), this.metrics.contentType);
    } catch (error) {
      this.logger.error({ event: 'metrics-failed', error });
      end(response, 500, 'the metrics could not be collected\n');
    }
  }
}

function end(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'X-Content-Type-Options': 'nosniff',
  });
  // Node leaves the body out of the answer to a HEAD.
  response.end(text);
}
