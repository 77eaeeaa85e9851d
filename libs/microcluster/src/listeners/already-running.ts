/** Finds out whether something accepts connections where a listener is about to be opened. */
import { connect, createServer, type ListenOptions, type NetConnectOpts } from 'node:net';

/** Longest wait for an answer, milliseconds; a local address answers at once. */
const PROBE_TIMEOUT_MS = 2_000;

/** Whether a connection to `options` succeeds. */
export function isAccepting(options: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...options, timeout: PROBE_TIMEOUT_MS });
    const settle = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}

/** Binds the address and lets go of it again. @throws the system's error when it cannot be bound */
export async function tryListening(where: ListenOptions): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
