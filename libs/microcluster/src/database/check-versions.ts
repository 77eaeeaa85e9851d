/** Decides at each start whether this member may go on, must wait for others, or is itself too old (`spec/core-api.md` 20.5). */
import { compareExtensions } from '../extensions/index.js';
import { PENDING } from './members-table.js';
import type { SchemaVersions } from './schema-versions.js';

/** What a row of the member table says about a member's release. */
export interface MemberRelease {
  readonly name: string;
  /** The role column; rows that are still `PENDING` never take part. */
  readonly role: string;
  readonly schemaInternal: number;
  readonly schemaExternal: number;
  /** `undefined` for a member that stored no list. */
  readonly extensions: readonly string[] | undefined;
}

/** What the comparison with the other members calls for. */
export type VersionCheck =
  /** All members have what we have. */
  | { readonly kind: 'proceed' }
  /** The named members have not been upgraded yet. */
  | { readonly kind: 'wait'; readonly blockedBy: readonly string[] }
  /** The named members are newer than this one; its start fails with `message`. */
  | { readonly kind: 'behind'; readonly newer: readonly string[]; readonly message: string };

/**
 * Compares schema versions. One member with a greater version, of either kind, decides for `behind`, even
 * when others lag.
 *
 * @param own the numbers of updates that this code knows.
 * @param members all rows; our own and `PENDING` ones do no harm.
 */
export function checkVersions(
  own: SchemaVersions,
  members: readonly MemberRelease[],
): VersionCheck {
  return decide(
    members,
    (member) => member.schemaInternal > own.internal || member.schemaExternal > own.external,
    (member) => member.schemaInternal < own.internal || member.schemaExternal < own.external,
    `This node's version is behind, please upgrade`,
  );
}

/**
 * Compares API extensions: a member with none or fewer is waited for; one with more, or with as many but
 * others, is ahead of us.
 *
 * @param own this daemon's registry.
 * @param members all rows; our own and `PENDING` ones do no harm.
 */
export function checkExtensions(
  own: readonly string[],
  members: readonly MemberRelease[],
): VersionCheck {
  return decide(
    members,
    (member) => compareExtensions(own, member.extensions) === 'own-behind',
    (member) => compareExtensions(own, member.extensions) === 'member-behind',
    `This node's API extensions are behind, please upgrade`,
  );
}

function decide(
  members: readonly MemberRelease[],
  isNewer: (member: MemberRelease) => boolean,
  isOlder: (member: MemberRelease) => boolean,
  message: string,
): VersionCheck {
  // Upstream compares with lower case `pending` and so lets a half-joined member block an upgrade for ever.
  const settled = members.filter((member) => member.role !== PENDING);
  const newer = settled.filter(isNewer).map((member) => member.name);
  if (newer.length > 0) return { kind: 'behind', newer, message };
  const blockedBy = settled.filter(isOlder).map((member) => member.name);
  return blockedBy.length > 0 ? { kind: 'wait', blockedBy } : { kind: 'proceed' };
}
