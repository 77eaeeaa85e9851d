/** Decides at each start whether this member may go on, must wait for others, or is itself too old (`spec/core-api.md` 20.5). */
import { compareExtensions } from '../extensions/index.js';
import { isZeroTime } from '../types/index.js';
import { PENDING } from './members-table.js';
import type { SchemaVersions } from './schema-versions.js';

/** What a row of the member table says about a member's release. */
export interface MemberRelease {
  /** Row id; the founder of the cluster has the first one, and ids are never used again. */
  readonly id: number;
  readonly name: string;
  /** The role column. */
  readonly role: string;
  /** Time of the last answered heartbeat, the zero time before the first. */
  readonly heartbeat: Date;
  readonly schemaInternal: number;
  readonly schemaExternal: number;
  /** `undefined` for a member that stored no list. */
  readonly extensions: readonly string[] | undefined;
}

/** A release: what the code of a member knows. */
export interface Release {
  readonly versions: SchemaVersions;
  /** The extension registry, internal names included. */
  readonly extensions: readonly string[];
}

/** What the comparison with the other members calls for. */
export type VersionCheck =
  /** All members have what we have. */
  | { readonly kind: 'proceed' }
  /** The named members have not been upgraded yet. */
  | { readonly kind: 'wait'; readonly blockedBy: readonly string[] }
  /** The named members are newer than this one; its start fails with `message`. */
  | { readonly kind: 'behind'; readonly newer: readonly string[]; readonly message: string };

/** `schema`: before the updates are applied. `extensions`: after them. */
export type UpgradePhase = 'schema' | 'extensions';

const FOUNDER_ID = 1;

/**
 * Compares our release with everybody's, in one of the two phases of a start. Schema versions alone decide
 * whether to wait before the updates; but one that would be refused for its extensions after them is refused
 * before, so that it leaves no trace that others would wait for.
 *
 * @param members all rows; our own and half-joined ones do no harm.
 */
export function checkRelease(
  phase: UpgradePhase,
  own: Release,
  members: readonly MemberRelease[],
): VersionCheck {
  const extensions = checkExtensions(own.extensions, members);
  if (phase === 'extensions') return extensions;
  const versions = checkVersions(own.versions, members);
  return versions.kind === 'proceed' && extensions.kind === 'behind' ? extensions : versions;
}

/**
 * Compares schema versions. One member with a greater version, of either kind, decides for `behind`, even
 * when others lag.
 *
 * @param own the numbers of updates that this code knows.
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

/**
 * Whether a row belongs to a joiner that is under way, or that died. Its role alone does not tell: one whose
 * join is complete has written a heartbeat, but keeps the role until a round gives it another. The founder
 * joined nobody.
 */
export function isHalfJoined({
  id,
  role,
  heartbeat,
}: Pick<MemberRelease, 'id' | 'role' | 'heartbeat'>): boolean {
  return role === PENDING && isZeroTime(heartbeat) && id !== FOUNDER_ID;
}

function decide(
  members: readonly MemberRelease[],
  isNewer: (member: MemberRelease) => boolean,
  isOlder: (member: MemberRelease) => boolean,
  message: string,
): VersionCheck {
  // Upstream compares with lower case `pending` and so lets a half-joined member block an upgrade for ever.
  const settled = members.filter((member) => !isHalfJoined(member));
  const newer = settled.filter(isNewer).map((member) => member.name);
  if (newer.length > 0) return { kind: 'behind', newer, message };
  const blockedBy = settled.filter(isOlder).map((member) => member.name);
  return blockedBy.length > 0 ? { kind: 'wait', blockedBy } : { kind: 'proceed' };
}
