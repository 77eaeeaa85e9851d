/** Requests that go on while something is changed, none of which may fail. */
import { MicroclusterClient } from '@microcluster/nest/client';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';

const LIMIT_MS = 120_000;

/** Reads over TLS and writes over the control socket, one request after the other, until it is disposed. */
export class Load implements AsyncDisposable {
  answered = 0;
  readonly failures: string[] = [];
  private stopped = false;
  private readonly ended: Promise<unknown>;

  private constructor(reader: MicroclusterClient, writer: MicroclusterClient) {
    this.ended = Promise.all([
      this.repeat('read', () => reader.clusterMembers()),
      this.repeat('write', (at) => writer.issueToken({ name: `load-${at}`, expire_after: 0n })),
    ]);
  }

  static async on(daemon: Daemon, trusted: readonly string[]): Promise<Load> {
    const identity = {
      certificate: await daemon.file('server.crt'),
      privateKey: await daemon.file('server.key'),
    };
    return new Load(
      new MicroclusterClient({ address: daemon.address, identity, trusted }),
      new MicroclusterClient({ socketPath: daemon.socketPath }),
    );
  }

  async until(answered: number): Promise<void> {
    await eventually(`${answered} answers`, LIMIT_MS, () => {
      if (this.answered < answered) throw new Error(`there are ${this.answered}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped = true;
    await this.ended;
  }

  private async repeat(what: string, request: (at: number) => Promise<unknown>): Promise<void> {
    for (let at = 0; !this.stopped; at += 1) {
      try {
        await request(at);
        this.answered += 1;
      } catch (error) {
        this.failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
