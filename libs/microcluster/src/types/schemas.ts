/** The objects of the Core API: one Zod schema each, its keys in wire order, and its static type (`spec/core-api.md` 6). */
import { z } from 'zod';
import { goObject } from './go-object.js';
import {
  addressSchema,
  certificateSchema,
  countSchema,
  durationSchema,
  extensionsSchema,
  failureDomainSchema,
  flagSchema,
  listenAddressSchema,
  textSchema,
  timeSchema,
} from './scalars.js';
import { zeroTime } from './time.js';

const memberLocalShape = {
  name: textSchema,
  address: addressSchema,
  /** PEM of the member's server certificate. */
  certificate: certificateSchema,
};

/** Who a member is: what a trust store keeps of it. */
export const clusterMemberLocalSchema = goObject(memberLocalShape);
export type ClusterMemberLocal = z.output<typeof clusterMemberLocalSchema>;

/** A member as the member table shows it; with `secret`, a request to join. */
export const clusterMemberSchema = goObject({
  ...memberLocalShape,
  /** `PENDING`, `voter`, `stand-by`, `spare`, or the empty text. */
  role: textSchema,
  schema_internal_version: countSchema,
  schema_external_version: countSchema,
  last_heartbeat: timeSchema.default(zeroTime),
  /** `ONLINE`, `UNREACHABLE`, `UPGRADING`, `NEEDS UPGRADE`. */
  status: textSchema,
  extensions: extensionsSchema,
  /** Secret of the join token in a request to join, empty in every reply. */
  secret: textSchema,
});
export type ClusterMember = z.output<typeof clusterMemberSchema>;

/** Reply of `GET /core/1.0/cluster`; Go writes an empty list as null. */
export const clusterMembersSchema = z.array(clusterMemberSchema).nullable();

/** A step of a removal that was not taken, and why. */
export const skippedStepSchema = goObject({ step: textSchema, reason: textSchema });
export type SkippedStep = z.output<typeof skippedStepSchema>;

/** Reply of `DELETE /core/1.0/cluster/{name}`: ours names the steps that were skipped, Go's is empty. */
export const removalReplySchema = goObject({
  skipped: z.array(skippedStepSchema).optional(),
});

/** Reply of `GET /core/1.0`. */
export const serverSchema = goObject({
  name: textSchema,
  address: addressSchema,
  version: textSchema,
  ready: flagSchema,
  extensions: z.union([extensionsSchema, z.null()]),
});
export type Server = z.output<typeof serverSchema>;

/** Body of `POST /core/control`. */
export const controlSchema = goObject({
  bootstrap: flagSchema,
  config: z.record(z.string(), z.string(), { error: 'must map texts to texts' }).default({}),
  join_token: textSchema,
  address: addressSchema,
  name: textSchema,
});
export type Control = z.output<typeof controlSchema>;

/**
 * Body of `POST /core/control/tokens`; `expire_after` 0 never expires. With `any_name`, which members in Go do
 * not know, the joiner may have another name than the token.
 */
export const tokenRequestSchema = goObject({
  name: textSchema,
  expire_after: durationSchema,
  any_name: z.boolean({ error: 'must be true or false' }).optional(),
});
export type TokenRequest = z.output<typeof tokenRequestSchema>;

/** An issued join token; the zero time means that it never expires. */
export const tokenRecordSchema = goObject({
  name: textSchema,
  token: textSchema,
  expires_at: timeSchema.default(zeroTime),
  /** Present when the joiner may have another name than the token. */
  any_name: z.boolean().optional(),
});
export type TokenRecord = z.output<typeof tokenRecordSchema>;

/** Reply of `GET /core/control/tokens`; Go writes an empty list as null. */
export const tokenRecordsSchema = z.array(tokenRecordSchema).nullable();

/** A key pair as it travels: PEM texts; an empty `ca` means none. */
/** The certificate that a member is about to use. */
export const announcedCertificateSchema = goObject({ certificate: certificateSchema });

export const keyPairSchema = goObject({ cert: textSchema, key: textSchema, ca: textSchema });
export type WireKeyPair = z.output<typeof keyPairSchema>;

/** What an authorised joiner receives. */
export const tokenResponseSchema = goObject({
  cluster_cert: certificateSchema,
  cluster_key: textSchema,
  cluster_members: z.array(clusterMemberLocalSchema).default([]),
  ClusterAdditionalCerts: z.record(z.string(), keyPairSchema).default({}),
  trusted_member: clusterMemberLocalSchema,
});
export type TokenResponse = z.output<typeof tokenResponseSchema>;

/** A map that Go leaves nil, and so writes as null, when it is empty. */
function nilableMap<Value extends z.ZodType>(value: Value) {
  const json = () => z.record(z.string(), z.unknown(), { error: 'must be an object or null' });
  const nilable = z.codec(json().nullable(), json(), {
    decode: (map) => map ?? {},
    encode: (map) => (Object.keys(map).length === 0 ? null : map),
  });
  return z.pipe(nilable, z.record(z.string(), value)).default({});
}

/** Body of `POST /core/internal/heartbeat`; both maps are keyed by address. */
export const heartbeatInfoSchema = goObject({
  begin_round: flagSchema,
  max_schema_internal: countSchema,
  max_schema_external: countSchema,
  cluster_members: nilableMap(clusterMemberSchema),
  leader_address: addressSchema,
  dqlite_roles: nilableMap(z.string()),
});
export type HeartbeatInfo = z.output<typeof heartbeatInfoSchema>;

/** Where an additional server listens. */
export const serverConfigSchema = goObject({ address: addressSchema });
export type ServerConfig = z.output<typeof serverConfigSchema>;

/** Body and reply of `daemon/servers`: configurations by server name. */
export const serverConfigsSchema = z.record(z.string(), serverConfigSchema, {
  error: 'must be an object',
});
export type ServerConfigs = z.output<typeof serverConfigsSchema>;

/** As {@link serverConfigsSchema} in a change, where a missing port is 8443. */
export const serverListenConfigsSchema = z.record(
  z.string(),
  goObject({ address: listenAddressSchema }),
  {
    error: 'must be an object',
  },
);

/** Body of `PUT daemon/servers`; a Go client sends its empty map as null. */
export const serversBodySchema = z.pipe(
  z.codec(z.unknown(), z.unknown(), {
    decode: (body) => (body === null ? {} : body),
    encode: (body) => body,
  }),
  serverListenConfigsSchema,
);

/** What `daemon.yaml` holds. */
export const daemonConfigSchema = goObject({
  name: textSchema,
  address: addressSchema,
  servers: serverConfigsSchema.default({}),
  /** Since 3.1; missing when it was never set. */
  'failure-domain': failureDomainSchema.optional(),
});
export type DaemonConfig = z.output<typeof daemonConfigSchema>;

/** Body of `PUT|PATCH daemon/config`: a missing key is one that is not to be changed. */
export const daemonConfigPatchSchema = goObject({
  name: z.string({ error: 'must be a string' }).optional(),
  address: addressSchema.unwrap().optional(),
  servers: serverListenConfigsSchema.optional(),
  'failure-domain': failureDomainSchema.optional(),
});
export type DaemonConfigPatch = z.output<typeof daemonConfigPatchSchema>;

/** Reply of `GET /core/internal/sql`. */
export const sqlDumpSchema = goObject({ text: textSchema });
export type SqlDump = z.output<typeof sqlDumpSchema>;

/** Body of `POST /core/internal/sql`. */
export const sqlQuerySchema = goObject({ query: textSchema });
export type SqlQuery = z.output<typeof sqlQuerySchema>;

/** Result of one statement; cells are numbers (`bigint` beyond 2^53), texts, booleans or null. */
export const sqlResultSchema = goObject({
  type: z.enum(['select', 'exec']),
  columns: z.array(z.string()).nullable(),
  rows: z.array(z.array(z.unknown())).nullable(),
  rows_affected: z.int().default(0),
});
export type SqlResult = z.output<typeof sqlResultSchema>;

/** Reply of `POST /core/internal/sql`. */
export const sqlBatchSchema = goObject({ Results: z.array(sqlResultSchema).nullable() });
export type SqlBatch = z.output<typeof sqlBatchSchema>;

/** Body of the hooks `pre-remove` and `post-remove`. */
export const removeMemberHookSchema = goObject({ force: flagSchema });
export type RemoveMemberHook = z.output<typeof removeMemberHookSchema>;

/** Body of the hook `on-new-member`. */
export const newMemberHookSchema = goObject({ new_member: clusterMemberLocalSchema });
export type NewMemberHook = z.output<typeof newMemberHookSchema>;
