/** Clients that write to one daemon without a pause, each request on a TLS connection of its own. */
import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import type { Daemon } from './daemon.js';

const LIMIT_MS = 120_000;

/** What became of one request. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number }
  /** Nothing was sent: there was nobody to connect to. */
  | { readonly kind: 'refused' }
  /** The connection ended after the request was sent, and before its answer. */
  | { readonly kind: 'cut'; readonly reason: string };

export class Load {
  private ended = false;
  private readonly outcomes: Outcome[] = [];
  private readonly workers: readonly Promise<void>[];

  private constructor(
    private readonly address: string,
    private readonly tls: { readonly cert: string; readonly key: string },
    clients: number,
  ) {
    this.workers = Array.from({ length: clients }, () => this.work());
  }

  /** @param as the member whose certificate the clients show */
  static async on(daemon: Daemon, as: Daemon, clients: number): Promise<Load> {
    const [cert, key] = await Promise.all([as.file('server.crt'), as.file('server.key')]);
    return new Load(daemon.address, { cert, key }, clients);
  }

  /** How many requests were answered with success so far. */
  get successes(): number {
    return this.outcomes.filter((one) => one.kind === 'answered' && one.status === 200).length;
  }

  /** Lets the requests under way end; resolves with what became of all. */
  async end(): Promise<readonly Outcome[]> {
    this.ended = true;
    await Promise.all(this.workers);
    return this.outcomes;
  }

  private async work(): Promise<void> {
    while (!this.ended) {
      const outcome = await this.write();
      this.outcomes.push(outcome);
      if (outcome.kind === 'refused') return;
    }
  }

  private async write(): Promise<Outcome> {
    const socket = await this.connect();
    if (socket === undefined) return { kind: 'refused' };
    const body = JSON.stringify({ name: 'load' });
    const request = httpsRequest({
      method: 'POST',
      path: '/1.0/items',
      createConnection: () => socket,
      signal: AbortSignal.timeout(LIMIT_MS),
      headers: {
        host: this.address,
        connection: 'close',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
    request.end(body);
    try {
      const [response]: unknown[] = await once(request, 'response');
      if (!(response instanceof IncomingMessage)) throw new Error('no answer');
      response.resume();
      await once(response, 'end');
      return { kind: 'answered', status: response.statusCode ?? 0 };
    } catch (error) {
      return { kind: 'cut', reason: error instanceof Error ? error.message : String(error) };
    } finally {
      socket.destroy();
    }
  }

  private async connect(): Promise<TLSSocket | undefined> {
    const { hostname, port } = new URL(`tcp://${this.address}`);
    const socket = connect({
      host: hostname,
      port: Number(port),
      rejectUnauthorized: false,
      ...this.tls,
    });
    socket.on('error', () => undefined);
    try {
      await once(socket, 'secureConnect', { signal: AbortSignal.timeout(LIMIT_MS) });
      return socket;
    } catch {
      socket.destroy();
      return undefined;
    }
  }
}
