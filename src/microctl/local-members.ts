/** The members as the files of a state directory tell them: the Raft configuration joined with the trust store. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export interface LocalMember {
  /** Identifier of the member's database node; exceeds 2^53. */
  readonly id: bigint;
  readonly address: string;
  readonly role: string;
  readonly name: string;
}

const ROLES = ['voter', 'stand-by', 'spare'];

const raftConfiguration = z.array(
  z.object({ ID: z.bigint(), Address: z.string(), Role: z.bigint() }),
);
const trusted = z.object({ name: z.string(), address: z.string() });

/**
 * Reads the members that both files know (`spec/core-api.md` 23.3); others are left out.
 *
 * @throws Error when the directory holds no member
 */
export async function readLocalMembers(stateDir: string): Promise<LocalMember[]> {
  const file = join(stateDir, 'database', 'cluster.yaml');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`No member's database in "${stateDir}": run microctl init first`, {
      cause: error,
    });
  }
  const nodes = read(raftConfiguration, file, text);
  const names = await namesByAddress(join(stateDir, 'truststore'));
  return nodes.flatMap(({ ID, Address, Role }) => {
    const name = names.get(Address);
    const role = ROLES[Number(Role)];
    return name === undefined || role === undefined
      ? []
      : [{ id: ID, address: Address, role, name }];
  });
}

async function namesByAddress(directory: string): Promise<Map<string, string>> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.yaml'));
  const entries = await Promise.all(
    files.map(async (file): Promise<[string, string]> => {
      const path = join(directory, file);
      const { address, name } = read(trusted, path, await readFile(path, 'utf8'));
      return [address, name];
    }),
  );
  return new Map(entries);
}

function read<T>(schema: z.ZodType<T>, file: string, text: string): T {
  try {
    return schema.parse(parse(text, { intAsBigInt: true }));
  } catch (error) {
    throw new Error(`Cannot read "${file}": it is not what a daemon writes there`, {
      cause: error,
    });
  }
}
