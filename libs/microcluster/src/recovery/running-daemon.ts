/** Makes sure that no daemon works in the state directory, and that none starts meanwhile. */
import { connect } from 'node:net';
import path from 'node:path';
import { isSystemError } from '../errors/system-error.js';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { acquireStateLock, type StateLock } from '../state/state-lock.js';

/** How long a process behind the socket may take to accept, milliseconds. */
const CONNECT_LIMIT = 5_000;

/**
 * Takes the state directory for an offline change. The socket that a crashed daemon left does not stand in
 * the way; one that somebody listens on does, also where it is another program's daemon that knows no lock.
 *
 * @throws MicroclusterError `CONFLICT` with the text of `spec/core-api.md` 23.3
 */
export async function holdStoppedState(stateDir: string): Promise<StateLock> {
  const socketPath = path.join(stateDir, 'control.socket');
  if (await isListenedOn(socketPath)) throw isRunning(socketPath);
  try {
    return acquireStateLock(stateDir);
  } catch (cause) {
    throw cause instanceof MicroclusterError ? isRunning(socketPath, cause) : cause;
  }
}

/** Whether somebody accepts connections; whatever else cannot be told counts as yes. */
function isListenedOn(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    const settle = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(true), CONNECT_LIMIT);
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => {
      settle(!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ECONNREFUSED'));
    });
  });
}

function isRunning(socketPath: string, cause?: unknown): MicroclusterError {
  const reason = `Daemon is running (socket path exists: "${socketPath}")`;
  return new MicroclusterError('CONFLICT', { reason }, { cause });
}
