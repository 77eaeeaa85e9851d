/** An address that swallows connections, as behind a firewall that drops packets. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Longer than a connection over loopback takes, by far; milliseconds. */
const NO_ANSWER_MS = 500;
/** More than a queue of one takes. */
const MOST_CONNECTIONS = 16;

/** Listens with a queue of one, says so, and stops itself before it accepts anything. */
const LISTENER = `
const server = require('node:net').createServer();
server.listen({ host: process.argv[1], port: Number(process.argv[2]), backlog: 1 }, () => {
  require('node:fs').writeSync(1, 'listening');
  process.kill(process.pid, 'SIGSTOP');
});
`;

/**
 * Swallows what comes to an address: its port listens but never accepts, and once its queue is full, the kernel
 * drops further attempts without an answer. Needs no privileges.
 */
export class BlackHole implements AsyncDisposable {
  private readonly queued: Socket[] = [];

  private constructor(private readonly listener: ChildProcess) {}

  /** @param address `127.0.0.1:port` at which nobody listens */
  static async at(address: string): Promise<BlackHole> {
    const { hostname, port } = new URL(`tcp://${address}`);
    const listener = spawn(process.execPath, ['-e', LISTENER, hostname, port], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const hole = new BlackHole(listener);
    try {
      await once(listener.stdout, 'data', { signal: AbortSignal.timeout(30_000) });
      await hole.fill(hostname, Number(port));
      return hole;
    } catch (error) {
      await hole[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.queued) socket.destroy();
    if (this.listener.exitCode !== null || this.listener.signalCode !== null) return;
    this.listener.kill('SIGKILL');
    await once(this.listener, 'exit');
  }

  private async fill(host: string, port: number): Promise<void> {
    while (this.queued.length < MOST_CONNECTIONS) {
      const socket = connect({ host, port });
      socket.on('error', () => undefined);
      this.queued.push(socket);
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(NO_ANSWER_MS) });
      } catch {
        return;
      }
    }
    throw new Error(`${host}:${port} still accepts connections`);
  }
}
