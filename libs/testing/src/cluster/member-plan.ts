/** What is settled of a member before its application is made. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { freeAddress } from '@microcluster/dqlite/free-address';
import type { MemberPlan } from './cluster-member.js';

/** The member's address is free now; its directory exists, as the log is written beside it. */
export async function planOf(number: number, directory: string): Promise<MemberPlan> {
  const name = `n${number}`;
  const stateDir = path.join(directory, name);
  await mkdir(stateDir, { recursive: true, mode: 0o711 });
  return { number, name, address: await freeAddress(), stateDir };
}
