/** A disk that fills up, and has space again. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { take, type Fault } from '../fault.js';

const BLOCK = Buffer.alloc(256 * 1024);
const FILLER = 'filler';

export const FULL_DISK: Fault = {
  name: 'full-disk',
  concerns: 'members',
  isPossible: (cluster) => cluster.members.some((member) => cluster.hasOwnDisk(member)),
  async begin(scene) {
    const { cluster } = scene;
    const { daemon } = take(
      scene,
      cluster.members.filter((member) => cluster.hasOwnDisk(member)),
    );
    const filler = join(daemon.stateDir, FILLER);
    await fill(filler);
    return () => rm(filler, { force: true });
  },
};

/** Writes until there is no space left, to the last byte. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let size = BLOCK.length; size > 0;) {
      try {
        const { bytesWritten } = await file.write(BLOCK, 0, size);
        if (bytesWritten < size) size = bytesWritten;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    await file.close();
  }
}
