/** Finds out at process start whether this directory belongs to a member, and undoes an initialisation that a crash cut short. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { recordedEngine } from '../replication/index.js';
import type { StateDirectory } from '../state/index.js';
import { endInitialisation, interruptedInitialisation } from './initialisation-plan.js';
import { forgetMember, type InitialisationParts } from './initialise.js';

/**
 * Whether this daemon is a member of a cluster (`spec/core-api.md` 1.3). A bootstrap or join that was never
 * acknowledged is undone first, so that it can simply be repeated.
 */
export async function isInitialised(
  parts: Pick<InitialisationParts, 'state' | 'identity' | 'trust' | 'runtime'> & {
    readonly logger: LoggerService;
  },
): Promise<boolean> {
  const { state, logger } = parts;
  const interrupted = await interruptedInitialisation(state.path);
  if (interrupted !== undefined) {
    logger.warn({ event: 'interrupted-initialisation-undone', ...interrupted });
    await forgetMember(parts);
    await endInitialisation(state.path);
    return false;
  }
  return holdsMember(state);
}

async function holdsMember(state: StateDirectory): Promise<boolean> {
  if ((await recordedEngine(state.databasePath)) === 'sqlite') {
    return true;
  }
  try {
    await access(path.join(state.databasePath, 'info.yaml'));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}
