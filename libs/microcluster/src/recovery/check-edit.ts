/** Decides whether an edited list of members can be what the cluster consists of from now on (`spec/core-api.md` 23.3). */
import { MicroclusterError } from '../errors/microcluster-error.js';
import { Address } from '../types/address.js';
import type { DqliteMember, RecoveredMember } from './member-records.js';

/**
 * Only addresses and roles may change; a list without changes is valid.
 *
 * @param current the members as the files tell them
 * @param edited what they are to be, in any order
 * @returns `edited` with canonical addresses
 * @throws MicroclusterError `BAD_REQUEST` with the text of the specification
 */
export function checkEdit(
  current: readonly DqliteMember[],
  edited: readonly DqliteMember[],
): RecoveredMember[] {
  if (edited.length !== current.length) throw refused('members cannot be added or removed');
  for (const { id, name } of edited) {
    if (!current.some((member) => member.id === id && member.name === name)) {
      throw refused(`ID or name changed for member ${name}`);
    }
  }
  if (new Set(edited.map(({ id }) => id)).size < edited.length) {
    throw refused('members cannot be added or removed');
  }
  const seen = new Set<string>();
  const members = edited.map((member): RecoveredMember => {
    const address = Address.parse(member.address).toString();
    if (seen.has(address)) throw refused(`Duplicate address "${member.address}"`);
    seen.add(address);
    return { ...member, address, role: checkedRole(member.role) };
  });
  if (!members.some(({ role }) => role === 'voter')) {
    throw refused('At least one voter is required');
  }
  return members;
}

/** @throws MicroclusterError `BAD_REQUEST` when there is no such role */
export function checkedRole(role: string): RecoveredMember['role'] {
  if (role === 'voter' || role === 'stand-by' || role === 'spare') return role;
  throw refused(`invalid dqlite role "${role}"`);
}

function refused(reason: string): MicroclusterError {
  return new MicroclusterError('BAD_REQUEST', { reason });
}
