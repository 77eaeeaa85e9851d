/** Notices private keys that others than the daemon's account may read. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { LoggerService } from '@nestjs/common';

const OTHERS = 0o077;

/** Logs each key in the state directory whose mode lets others read or change it, with the way out. */
export async function warnOfReadableKeys(
  stateDir: string,
  logger: Pick<LoggerService, 'warn'>,
): Promise<void> {
  for (const directory of [stateDir, path.join(stateDir, 'certificates')]) {
    const names = await readdir(directory);
    for (const name of names.filter((candidate) => candidate.endsWith('.key'))) {
      const file = path.join(directory, name);
      const { mode } = await stat(file);
      if ((mode & OTHERS) === 0) continue;
      const todo = 'run chmod 600 on it, and replace the key if others may have read it';
      logger.warn({ event: 'private-key-exposed', file, mode: (mode & 0o777).toString(8), todo });
    }
  }
}
