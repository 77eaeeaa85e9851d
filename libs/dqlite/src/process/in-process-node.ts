/** A node in this process: for tests, where a child process would only be slower. An abort in libdqlite ends it all. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DqliteError } from '../errors/index.js';
import type { NodeHost, NodeStartOptions, NodeStatus, TunnelTrust } from '../node-host.js';
import type { NodeInfo } from '../values.js';
import { AcceptedStreams } from './accepted-streams.js';
import { NodeRunner } from './node-runner.js';
import { StatusReport } from './status-report.js';

/** {@link NodeHost} without supervision and without the dead man's switch. */
export class InProcessNode implements NodeHost {
  readonly #runner = new NodeRunner();
  readonly #streams = new AcceptedStreams((signal) => this.#runner.dialLocal(signal));
  readonly #report = new StatusReport();

  get status(): NodeStatus {
    return this.#report.status;
  }

  async start(options: NodeStartOptions, signal?: AbortSignal): Promise<void> {
    if (this.status !== 'stopped' && this.status !== 'failed') {
      throw new DqliteError('NODE_STATE', { action: 'start it', state: this.status });
    }
    if (signal?.aborted === true) throw aborted(signal);
    this.#report.set('starting');
    try {
      this.#streams.setTrust(options.transport.kind === 'tunnel' ? options.transport : undefined);
      await this.#runner.start(options);
    } catch (error) {
      this.#report.set('failed', error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
    this.#report.set('running');
  }

  dialLocal(signal: AbortSignal): Promise<Duplex> {
    return this.#runner.dialLocal(signal);
  }

  acceptRaw(socket: Socket, head: Buffer): void {
    this.#runner.acceptRaw(socket, head);
  }

  acceptStream(stream: Duplex, peerCertificate: string): void {
    this.#streams.accept(stream, peerCertificate);
  }

  async updateTrust(trust: TunnelTrust): Promise<void> {
    this.#runner.updateTrust(trust);
    this.#streams.setTrust(trust);
  }

  async stop(): Promise<void> {
    if (this.status === 'stopped' || this.status === 'failed') return;
    this.#report.set('stopping');
    this.#streams.closeAll();
    await this.#runner.stop();
    this.#report.set('stopped');
  }

  async recover(directory: string, members: readonly NodeInfo[]): Promise<void> {
    this.#runner.recover(directory, members);
  }

  onStatus(listener: (status: NodeStatus, reason?: Error) => void): () => void {
    return this.#report.listen(listener);
  }
}

function aborted(signal: AbortSignal): DqliteError {
  return new DqliteError('ABORTED', { what: 'Starting the node' }, { cause: signal.reason });
}
