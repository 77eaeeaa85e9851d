/** The errors of the core tables, with the texts that members of every make know (`spec/core-api.md` 10, 14.3). */
import { MicroclusterError } from '../errors/microcluster-error.js';

/** Another row has the name, the address or the certificate already: 409. */
export function memberExists(column: 'name' | 'address' | 'certificate'): MicroclusterError {
  const reason = `This "core_cluster_members" entry already exists (same ${column})`;
  return new MicroclusterError('CONFLICT', { reason });
}

/** No such member row: 404. */
export function memberNotFound(): MicroclusterError {
  return new MicroclusterError('RECORD_NOT_FOUND', { what: 'CoreClusterMember' });
}

/** The row of this member is gone, so it was removed while it was down: the start fails. */
export function ownRowMissing(name: string): MicroclusterError {
  const reason = `Failed to update schema version when joining cluster: Updated 0 rows instead of 1 (member "${name}" is not in the member table)`;
  return new MicroclusterError('FAILED', { reason });
}

/** A token of that name exists: 409. */
export function tokenExists(name: string): MicroclusterError {
  const reason = `A token for "${name}" exists already, revoke it first: UNIQUE constraint failed: core_token_records.name`;
  return new MicroclusterError('CONFLICT', { reason });
}

/** The token's time is over: 403. */
export function tokenExpired(): MicroclusterError {
  return new MicroclusterError('FORBIDDEN', { reason: 'Token expired' });
}

/** Another joiner has presented the token and is still on its way: 409. */
export function tokenInUse(name: string): MicroclusterError {
  const reason = `The token for "${name}" is being used by another join; wait until it ends, or issue a new token`;
  return new MicroclusterError('CONFLICT', { reason });
}

/** No such token, or spent: 404. */
export function tokenNotFound(): MicroclusterError {
  return new MicroclusterError('RECORD_NOT_FOUND', { what: 'CoreTokenRecord' });
}
