/** Whether connections to the application's own HTTP server, which only a test opens, may be believed. */
import type { Socket } from 'node:net';

/** Whether this process belongs to a test runner. */
export function isTestProcess(): boolean {
  const { VITEST, JEST_WORKER_ID, NODE_TEST_CONTEXT, NODE_ENV } = process.env;
  return (
    VITEST !== undefined ||
    JEST_WORKER_ID !== undefined ||
    NODE_TEST_CONTEXT !== undefined ||
    NODE_ENV === 'test'
  );
}

/** Whether the connection comes from this machine. */
export function isLoopback(socket: Socket): boolean {
  const address = socket.remoteAddress;
  // A unix socket has no address.
  if (address === undefined) return !socket.destroyed;
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}
