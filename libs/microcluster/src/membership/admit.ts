/** Decides at the leader whether a joiner becomes a member, and what it is told (`spec/core-api.md` 14.3). */
import { dnsNamesOf, type KeyPair } from '../certificates/index.js';
import { checkRelease, type MemberRow } from '../database/index.js';
import { MicroclusterError } from '../errors/index.js';
import { describeExtensionsMismatch } from '../extensions/index.js';
import type { Failpoints } from '../failpoints/index.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { SchemaGate } from '../lifecycle/schema-gate.js';
import type { TrustStore } from '../trust/index.js';
import {
  parseMemberName,
  type ClusterMember,
  type TokenResponse,
  type WireKeyPair,
} from '../types/index.js';
import type { ClusterRecords, Tables } from './cluster-records.js';
import type { ConsistencyCheck } from './consistency/consistency-check.js';

export interface AdmitParts {
  /** Of the additional servers, by name. */
  readonly additionalKeyPairs: () => Promise<ReadonlyMap<string, KeyPair>>;
  readonly identity: MemberIdentity;
  readonly trust: Pick<TrustStore, 'byAddress' | 'list' | 'replace'>;
  readonly schema: Pick<SchemaGate, 'versions' | 'extensions'>;
  readonly records: Pick<ClusterRecords, 'read' | 'write'>;
  readonly consistency: Pick<ConsistencyCheck, 'require'>;
  readonly failpoints: Failpoints;
}

/** Checks that can be made on any member, before the request is forwarded to the leader. */
export function checkJoinRequest(trust: AdmitParts['trust'], joiner: ClusterMember): void {
  parseMemberName(joiner.name);
  const holder = trust.byAddress(joiner.address);
  // Of the same name it may be the joiner itself, which was killed and starts over: the table will tell.
  if (holder !== undefined && holder.name !== joiner.name) {
    throw new MicroclusterError('FAILED', {
      reason: `Remote with address "${joiner.address}" exists`,
    });
  }
}

/**
 * Refuses strangers at the leader before they take a turn among the joiners: a turn looks at the records of all
 * members and writes, and what it may be refused with names members and versions.
 */
export async function checkCredentials(
  { schema, records }: Pick<AdmitParts, 'schema' | 'records'>,
  joiner: ClusterMember,
): Promise<void> {
  const mismatch = describeExtensionsMismatch(joiner.extensions, schema.extensions);
  if (mismatch !== undefined) throw new MicroclusterError('FAILED', { reason: mismatch });
  await records.read(({ tokens }) => tokens.requireIssued(joiner.secret));
}

/**
 * Reserves the token, stores the joiner as a pending member and trusts it. Runs on the leader, one join at
 * a time, after {@link checkCredentials}; everything is checked before anything is stored.
 */
export async function admitMember(
  { additionalKeyPairs, identity, trust, schema, records, consistency, failpoints }: AdmitParts,
  joiner: ClusterMember,
  signal: AbortSignal,
): Promise<TokenResponse> {
  requireEqualSchema(joiner, schema);
  await consistency.require(signal);
  const additional = [...(await additionalKeyPairs())].map(
    ([name, pair]): [string, WireKeyPair] => [
      name,
      { cert: pair.certificate, key: pair.privateKey, ca: pair.ca ?? '' },
    ],
  );
  const names = dnsNamesOf(joiner.certificate);
  await failpoints.reach('admission:checked');
  const admission = async ({ members, tokens, removals }: Tables) => {
    await removals.forget(joiner.name);
    const token = await tokens.reserve(joiner.secret, joiner.certificate, new Date());
    requireTokenName(token, joiner.name, names);
    requireNoUpgrade(joiner, await members.list());
    await members.insertPending({
      name: joiner.name,
      address: joiner.address,
      certificate: joiner.certificate,
      schemaInternal: joiner.schema_internal_version,
      schemaExternal: joiner.schema_external_version,
      extensions: joiner.extensions,
    });
  };
  // Repeatable: the token stays reserved for this certificate, whose row is written anew.
  await records.write(admission, { idempotent: true });
  await failpoints.reach('admission:row-written');
  const earlier = trust.list().filter((member) => member.name !== joiner.name);
  await trust.replace([
    ...earlier,
    { name: joiner.name, address: joiner.address, certificate: joiner.certificate },
  ]);
  await failpoints.reach('admission:trust-stored');
  return {
    cluster_cert: identity.cluster.certificate,
    cluster_key: identity.cluster.privateKey,
    cluster_members: earlier,
    ClusterAdditionalCerts: Object.fromEntries(additional),
    trusted_member: {
      name: identity.name,
      address: identity.address,
      certificate: identity.server.certificate,
    },
  };
}

/**
 * The token, the request and the joiner's certificate must name the same member; with a token for any name,
 * the latter two. The names are compared first, since their text says what to do.
 */
export function requireTokenName(
  token: { readonly name: string; readonly anyName: boolean },
  requested: string,
  certificateNames: readonly string[],
): void {
  if (!token.anyName && requested !== token.name) {
    throw new MicroclusterError('BAD_REQUEST', {
      reason: `The join token was issued for "${token.name}" but the member asks to join as "${requested}"; join as "${token.name}", or make a token for "${requested}" or for any name`,
    });
  }
  if (!certificateNames.includes(requested)) {
    throw new MicroclusterError('FAILED', {
      reason: token.anyName
        ? `The certificate of the joining member does not name "${requested}"`
        : 'Joining server certificate SAN does not contain join token name',
    });
  }
}

/** A joiner of another release would only block or be blocked; it is refused before anything is stored. */
function requireEqualSchema(joiner: ClusterMember, schema: AdmitParts['schema']): void {
  const { internal, external } = schema.versions;
  if (joiner.schema_internal_version !== internal || joiner.schema_external_version !== external) {
    throw new MicroclusterError('FAILED', {
      reason: `The joining member has schema version ${joiner.schema_internal_version}/${joiner.schema_external_version} (internal/external) but the cluster has ${internal}/${external}; install the same release on both`,
    });
  }
}

/** While the cluster is being upgraded, a joiner of the old release would fail later, and one of the new would wait. */
function requireNoUpgrade(joiner: ClusterMember, rows: readonly MemberRow[]): void {
  const { schema_internal_version: internal, schema_external_version: external } = joiner;
  const release = { versions: { internal, external }, extensions: joiner.extensions };
  const checks = [checkRelease('schema', release, rows), checkRelease('extensions', release, rows)];
  const others = checks.flatMap((check) => {
    if (check.kind === 'proceed') return [];
    return check.kind === 'wait' ? check.blockedBy : check.newer;
  });
  if (others.length > 0) {
    throw new MicroclusterError('FAILED', {
      reason: `The cluster is being upgraded, and ${[...new Set(others)].join(', ')} has another release than the joining member; finish the upgrade first`,
    });
  }
}
