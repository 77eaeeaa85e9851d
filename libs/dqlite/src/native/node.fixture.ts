/** Free ports, throw-away directories and nodes for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectingTcpSocket } from './dial-fd.js';
import { DqliteNode, type DqliteNodeOptions } from './dqlite-node.js';
import { BOOTSTRAP_ID } from './node-id.js';

export { freeAddress } from '../free-address.js';

/** A directory that disappears with the returned object. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'dqlite-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Resolves when `check` says true; rejects, naming `what`, after `deadlineMs`. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Dials IPv4 literals directly. */
export function connectTcp(address: string): number {
  const fd = connectingTcpSocket(address);
  if (fd === undefined) throw new Error(`${address} is not an IPv4 address`);
  return fd;
}

/** A TCP-bound node with short timings, not started. */
export function tcpNode(
  address: string,
  directory: string,
  more: Partial<DqliteNodeOptions> = {},
): DqliteNode {
  return DqliteNode.create({
    id: BOOTSTRAP_ID,
    address,
    directory,
    bindAddress: address,
    connect: connectTcp,
    networkLatencyMs: 30,
    ...more,
  });
}
