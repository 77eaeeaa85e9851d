/** The numeric id of the group that may use the control socket. */
import { readFile } from 'node:fs/promises';
import { MicroclusterError } from '../errors/index.js';

/**
 * Looks a group up in the system's group file; a number is taken as it is.
 *
 * @throws MicroclusterError `SOCKET_GROUP_UNKNOWN`
 */
export async function groupId(group: string, groupFile = '/etc/group'): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const text = await readFile(groupFile, 'utf8').catch(() => '');
  const line = text.split('\n').find((entry) => entry.startsWith(`${group}:`));
  const id = Number(line?.split(':')[2] ?? Number.NaN);
  if (!Number.isInteger(id)) throw new MicroclusterError('SOCKET_GROUP_UNKNOWN', { group });
  return id;
}
