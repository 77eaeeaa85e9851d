/** The floor: what the disk needs to append 1 KiB and make it durable, which a commit can't beat. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { summarise } from './statistics.mjs';

const BLOCK = Buffer.alloc(1024, 'x');

/** @param {{directory: string, durationMs: number}} options */
export async function diskFloor({ directory, durationMs }) {
  const file = await open(join(directory, 'floor'), 'w');
  try {
    const latencies = [];
    const began = performance.now();
    while (performance.now() - began < durationMs) {
      const start = performance.now();
      await file.write(BLOCK);
      await file.datasync();
      latencies.push(performance.now() - start);
    }
    return summarise(latencies, performance.now() - began, 0);
  } finally {
    await file.close();
  }
}
