/** Temporary directories that do not outlive the process, whether or not a test cleans up. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const leftOver = new Set<string>();
let watching = false;

/** Makes a directory with a short path: unix sockets in it may have at most 107 bytes. */
export async function makeTemporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'mc-test-'));
  leftOver.add(directory);
  if (!watching) {
    watching = true;
    process.once('exit', removeAll);
  }
  return directory;
}

/** Removes a directory of {@link makeTemporaryDirectory} with everything in it. */
export async function removeTemporaryDirectory(directory: string): Promise<void> {
  leftOver.delete(directory);
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** Leaves the directory to whoever wants to look at it. */
export function keepTemporaryDirectory(directory: string): void {
  leftOver.delete(directory);
}

function removeAll(): void {
  for (const directory of leftOver) rmSync(directory, { recursive: true, force: true });
}
