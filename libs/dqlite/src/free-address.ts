/** Finds loopback addresses that nobody uses, for tests. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { isSystemError } from './errors/system-error.js';

/** Below the ports that systems give to outgoing connections, any of which could take one before it is used. */
const FIRST_PORT = 10_000;
/** Each worker of a test runner has ports of its own, so that none takes one that another has found. */
const WORKERS = 20;
const PORTS_OF_A_WORKER = 1_000;

const firstPort = FIRST_PORT + PORTS_OF_A_WORKER * (workerNumber() % WORKERS);
/** A worker runs one file after another, and ports of the file before may still be closing. */
let turn = randomInt(PORTS_OF_A_WORKER);

/**
 * An address `127.0.0.1:port` on which nobody listens, and that nobody else is given: no other worker of Vitest or
 * Jest, and in this process not before 1,000 others were.
 *
 * @throws Error when all of this worker's ports are taken
 */
export async function freeAddress(): Promise<string> {
  for (let tried = 0; tried < PORTS_OF_A_WORKER; tried += 1) {
    turn = (turn + 1) % PORTS_OF_A_WORKER;
    const port = firstPort + turn;
    if (await isFree(port)) return `127.0.0.1:${port}`;
  }
  const last = firstPort + PORTS_OF_A_WORKER - 1;
  throw new Error(
    `All ports from ${firstPort} to ${last} are taken on 127.0.0.1; end what listens there`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE')) return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** Which of its workers the test runner says that this is; any number outside of one. */
function workerNumber(): number {
  const number = Number(process.env['VITEST_POOL_ID'] ?? process.env['JEST_WORKER_ID']);
  return Number.isInteger(number) && number > 0 ? number : randomInt(WORKERS);
}
