/** A disk that fills up, and has space again. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Member } from '../../cluster/member.js';
import { take, type Fault, type Heal } from '../fault.js';

const BLOCK = Buffer.alloc(256 * 1024);
const FILLER = 'filler';
/** More than Raft has allocated in advance, so that the member needs space which is not there. */
const BALLAST = { writes: 120, bytes: 256 * 1024 };

export const FULL_DISK: Fault = {
  name: 'full-disk',
  concerns: 'members',
  isPossible: (cluster) => cluster.members.some((member) => cluster.hasOwnDisk(member)),
  async begin(scene) {
    const { cluster } = scene;
    const victim = take(
      scene,
      cluster.members.filter((member) => cluster.hasOwnDisk(member)),
    );
    const heal = await fillDisk(victim);
    await useUpWhatIsAllocated(cluster.members.filter((member) => member !== victim));
    return heal;
  },
};

/** Leaves no byte on the member's disk. @returns what gives the space back */
export async function fillDisk({ daemon }: Member): Promise<Heal> {
  const filler = join(daemon.stateDir, FILLER);
  await fill(filler);
  return () => rm(filler, { force: true });
}

/** As far as the cluster takes it: it need not be able to write now. */
async function useUpWhatIsAllocated(others: readonly Member[]): Promise<void> {
  const [asked] = others;
  try {
    for (let write = 0; write < BALLAST.writes; write += 1) {
      await asked?.ask('POST', '/1.0/workload/ballast', { bytes: BALLAST.bytes });
    }
  } catch {
    return; // the fault is in effect
  }
}

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
