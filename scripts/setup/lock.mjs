/** Lets one set-up of this folder run at a time, so that two commands started together do not collide. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 300;
const GIVE_UP_MS = 20 * 60_000;

/**
 * Runs `work` while no other process holds the lock of `folder`.
 *
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work
 * @param {(text: string) => void} log told once when there is somebody to wait for
 * @returns {Promise<T>}
 */
export async function withLock(folder, work, log) {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const file = join(tmpdir(), `microcluster-setup-${name}.lock`);
  const deadline = performance.now() + GIVE_UP_MS;
  let told = false;
  while (!(await take(file))) {
    if (performance.now() > deadline) {
      throw new Error(
        `Another set-up holds "${file}" for 20 minutes; remove the file if none runs`,
      );
    }
    if (!told) log('waiting for another set-up of this folder to finish');
    told = true;
    await sleep(POLL_MS);
  }
  const release = () => rm(file, { force: true });
  try {
    return await work();
  } finally {
    await release();
  }
}

async function take(file) {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const owner = await readFile(file, 'utf8').catch(() => '');
  // An owner that died left the file; one that has not written its number yet is given the time.
  if (owner !== '' && !isAlive(Number(owner))) await rm(file, { force: true });
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
