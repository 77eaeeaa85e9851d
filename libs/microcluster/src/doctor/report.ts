/** What one member knows of itself and of the cluster, as it is asked for by the doctor. */
import { z } from 'zod';
import { goObject } from '../types/go-object.js';
import {
  addressSchema,
  countSchema,
  extensionsSchema,
  flagSchema,
  textSchema,
  timeSchema,
} from '../types/scalars.js';

/** Where a member answers it. Members in Go do not know the path and answer 404. */
export const REPORT_PATH = '/core/internal/report';

const nodeSchema = goObject({
  id: z.codec(z.union([z.int(), z.bigint()]), z.bigint(), {
    decode: (value) => BigInt(value),
    encode: (value) => value,
  }),
  address: addressSchema,
  /** `voter`, `stand-by` or `spare`. */
  role: textSchema,
});

const certificateSchema = goObject({
  /** `server` (the member's identity), `cluster`, or an additional server's name. */
  name: textSchema,
  /** Lower-case hex SHA-256; empty when the certificate cannot be read. */
  fingerprint: textSchema,
  not_before: timeSchema,
  not_after: timeSchema,
});

/** One member's own view. */
export const memberReportSchema = goObject({
  name: textSchema,
  address: addressSchema,
  version: textSchema,
  /** The member's clock while it answered. */
  time: timeSchema,
  /** Whether the database is open, with the status text of `spec/core-api.md` 20.1. */
  database_open: flagSchema,
  database_status: textSchema,
  /** `dqlite`, `sqlite`, or empty while no engine is open. */
  engine: textSchema,
  schema_internal_version: countSchema,
  schema_external_version: countSchema,
  extensions: extensionsSchema,
  /** The trust store. */
  trusted: z.array(goObject({ name: textSchema, address: addressSchema, fingerprint: textSchema })),
  /** Address of the leader as this member's own node knows it; empty: none, or not known. */
  leader: addressSchema,
  /** The Raft configuration; empty when there was no leader to ask. */
  nodes: z.array(nodeSchema),
  certificates: z.array(certificateSchema),
  /** The file system of the state directory, bytes. */
  disk_free: countSchema,
  disk_total: countSchema,
});
export type MemberReport = z.output<typeof memberReportSchema>;
