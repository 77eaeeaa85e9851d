/** The members as the files of a state directory tell them: the Raft configuration joined with the trust store. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { isSystemError } from '../errors/system-error.js';
import { sameAddress } from '../types/address.js';
import type { DqliteMember } from './member-records.js';
import { readPlan } from './plan.js';

const ROLES = ['voter', 'stand-by', 'spare'];

const raftConfiguration = z.array(
  z.object({ ID: z.bigint(), Address: z.string(), Role: z.bigint() }),
);
const trusted = z.object({ name: z.coerce.string(), address: z.string() });

/**
 * Reads the members that both files know (`spec/core-api.md` 23.3); others are left out. While a recovery is
 * interrupted, it is the members that it is to end with.
 *
 * @throws MicroclusterError when the directory holds no member, or a file that cannot be read, which it names
 */
export async function readOfflineMembers(stateDir: string): Promise<DqliteMember[]> {
  const interrupted = await readPlan(stateDir);
  if (interrupted !== undefined) return [...interrupted.members];
  const file = path.join(stateDir, 'database', 'cluster.yaml');
  const nodes = read(raftConfiguration, file, await readRaftConfiguration(stateDir, file));
  const known = await readNames(path.join(stateDir, 'truststore'));
  return nodes.flatMap(({ ID, Address, Role }) => {
    const name = known.find(({ address }) => sameAddress(address, Address))?.name;
    const role = ROLES[Number(Role)];
    return name === undefined || role === undefined
      ? []
      : [{ id: ID, address: Address, role, name }];
  });
}

async function readRaftConfiguration(stateDir: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT')) throw unreadable(file, cause);
    const reason = `No member's database in "${stateDir}": check the path, or run microctl init first`;
    throw new MicroclusterError('BAD_REQUEST', { reason }, { cause });
  }
}

async function readNames(directory: string): Promise<z.output<typeof trusted>[]> {
  const found = await readdir(directory).catch((cause: unknown) => {
    throw unreadable(directory, cause);
  });
  const names = found.filter((name) => name.endsWith('.yaml')).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const file = path.join(directory, name);
      const text = await readFile(file, 'utf8').catch((cause: unknown) => {
        throw unreadable(file, cause);
      });
      return read(trusted, file, text);
    }),
  );
}

function read<T>(schema: z.ZodType<T>, file: string, text: string): T {
  try {
    return schema.parse(parse(text, { intAsBigInt: true, logLevel: 'error' }));
  } catch (cause) {
    throw unreadable(file, cause, 'it is not what a daemon writes there');
  }
}

function unreadable(file: string, cause: unknown, why?: string): MicroclusterError {
  const reason = why ?? (cause instanceof Error ? cause.message : String(cause));
  return new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason }, { cause });
}
