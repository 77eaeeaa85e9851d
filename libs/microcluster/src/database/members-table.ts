/** The table `core_cluster_members`: who belongs to the cluster (`spec/core-api.md` 20.4). */
import { z } from 'zod';
import { decodeExtensionsCell, encodeExtensionsCell } from '../extensions/index.js';
import { canonicalAddress, zeroTime } from '../types/index.js';
import { memberExists, memberNotFound, ownRowMissing } from './database-errors.js';
import type { SchemaVersions } from './schema-versions.js';
import type { SqlExecutor, SqlInput } from './sql-executor.js';
import { decodeTime, encodeTime } from './sql-time.js';

/** Role of a member that was admitted but that no heartbeat round has seen in dqlite yet. */
export const PENDING = 'PENDING';

/** What is stored about a member when it is admitted. */
export interface NewMember {
  readonly name: string;
  /** `ip:port`. */
  readonly address: string;
  /** PEM of its server certificate. */
  readonly certificate: string;
  readonly schemaInternal: number;
  readonly schemaExternal: number;
  readonly extensions: readonly string[];
}

/** A row of the table. */
export interface MemberRow extends Omit<NewMember, 'extensions'> {
  /** Row id; never reused, so it tells a member from a later one of the same name. */
  readonly id: number;
  /** Time of the last answered heartbeat, the zero time before the first. */
  readonly heartbeat: Date;
  /** `PENDING`, `voter`, `stand-by`, `spare`, or the empty text. */
  readonly role: string;
  /** `undefined` for a member that stored no list. */
  readonly extensions: readonly string[] | undefined;
}

/** What a heartbeat round has found out about one row. */
export interface RoundRecord {
  readonly id: number;
  /** `undefined` for a member that did not answer: the row keeps what it has by then. */
  readonly heartbeat: Date | undefined;
  readonly role: string;
}

const COLUMNS =
  'id, name, address, certificate, schema_internal, schema_external, heartbeat, role, api_extensions';

const rowSchema = z
  .object({
    id: z.coerce.number(),
    name: z.string(),
    address: z.string(),
    certificate: z.string(),
    schema_internal: z.coerce.number(),
    schema_external: z.coerce.number(),
    heartbeat: z.unknown(),
    role: z.string(),
    api_extensions: z.unknown(),
  })
  .transform((row): MemberRow => ({
    id: row.id,
    name: row.name,
    address: row.address,
    certificate: row.certificate,
    schemaInternal: row.schema_internal,
    schemaExternal: row.schema_external,
    heartbeat: decodeTime(row.heartbeat) ?? zeroTime(),
    role: row.role,
    extensions: decodeExtensionsCell(row.api_extensions),
  }));

/** Statements on the table, run through the transaction that `executor` belongs to. */
export class MembersTable {
  constructor(private readonly executor: SqlExecutor) {}

  /** All members, ordered by name. */
  async list(): Promise<MemberRow[]> {
    return this.select('ORDER BY name');
  }

  /** The member called `name`, if there is one. */
  async byName(name: string): Promise<MemberRow | undefined> {
    return (await this.select('WHERE name = ?', [name]))[0];
  }

  /** The member at `address`, whichever way its IPv6 form is written. */
  async byAddress(address: string): Promise<MemberRow | undefined> {
    const wanted = canonicalAddress(address);
    return (await this.list()).find((member) => canonicalAddress(member.address) === wanted);
  }

  /** The member whose server certificate is `certificate` (PEM, compared as stored). */
  async byCertificate(certificate: string): Promise<MemberRow | undefined> {
    return (await this.select('WHERE certificate = ?', [certificate]))[0];
  }

  /**
   * Adds a member with role `PENDING` and no heartbeat. A `PENDING` row of the same certificate is replaced,
   * so that a joiner whose reply was lost may ask again.
   *
   * @throws MicroclusterError with status 409 when another member has the name, the address or the certificate.
   */
  async insertPending(member: NewMember): Promise<void> {
    const earlier = await this.byCertificate(member.certificate);
    if (earlier !== undefined && earlier.role !== PENDING) throw memberExists('certificate');
    if (earlier !== undefined)
      await this.executor.execute('DELETE FROM core_cluster_members WHERE id = ?', [earlier.id]);
    if ((await this.byName(member.name)) !== undefined) throw memberExists('name');
    if ((await this.byAddress(member.address)) !== undefined) throw memberExists('address');
    await this.executor.execute(
      `INSERT INTO core_cluster_members
         (name, address, certificate, schema_internal, schema_external, heartbeat, role, api_extensions)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        member.name,
        member.address,
        member.certificate,
        member.schemaInternal,
        member.schemaExternal,
        encodeTime(zeroTime()),
        PENDING,
        encodeExtensionsCell(member.extensions),
      ],
    );
  }

  /** Stores heartbeats and roles of a round in one statement; rows that are gone meanwhile stay gone. */
  async recordRound(records: readonly RoundRecord[]): Promise<void> {
    if (records.length === 0) return;
    const list = JSON.stringify(
      records.map(({ id, heartbeat, role }) => ({
        id,
        heartbeat: heartbeat === undefined ? null : encodeTime(heartbeat),
        role,
      })),
    );
    await this.executor.execute(
      `UPDATE core_cluster_members SET (heartbeat, role) =
           (SELECT COALESCE(json_extract(value, '$.heartbeat'), core_cluster_members.heartbeat),
                   json_extract(value, '$.role') FROM json_each(?)
              WHERE json_extract(value, '$.id') = core_cluster_members.id)
         WHERE id IN (SELECT json_extract(value, '$.id') FROM json_each(?))`,
      [list, list],
    );
  }

  /**
   * Stores the versions and extensions of the release that the member called `name` runs.
   *
   * @throws MicroclusterError when there is no such row, as for a member that was removed while it was down.
   */
  async updateRelease(
    name: string,
    versions: SchemaVersions,
    extensions: readonly string[],
  ): Promise<void> {
    const { affected } = await this.executor.execute(
      `UPDATE core_cluster_members SET schema_internal = ?, schema_external = ?, api_extensions = ? WHERE name = ?`,
      [versions.internal, versions.external, encodeExtensionsCell(extensions), name],
    );
    if (affected !== 1) throw ownRowMissing(name);
  }

  /** Replaces the certificate, PEM, of the row with that id. @throws MicroclusterError 404 when there is none */
  async replaceCertificate(id: number, certificate: string): Promise<void> {
    const { affected } = await this.executor.execute(
      'UPDATE core_cluster_members SET certificate = ? WHERE id = ?',
      [certificate, id],
    );
    if (affected !== 1) throw memberNotFound();
  }

  /** Stores the new address of a member. @throws MicroclusterError 404 when there is no such row. */
  async updateAddress(name: string, address: string): Promise<void> {
    const { affected } = await this.executor.execute(
      'UPDATE core_cluster_members SET address = ? WHERE name = ?',
      [address, name],
    );
    if (affected !== 1) throw memberNotFound();
  }

  /** Removes the member called `name`; returns whether it was there. */
  async remove(name: string): Promise<boolean> {
    const { affected } = await this.executor.execute(
      'DELETE FROM core_cluster_members WHERE name = ?',
      [name],
    );
    return affected > 0;
  }

  private async select(clause: string, params: readonly SqlInput[] = []): Promise<MemberRow[]> {
    const rows = await this.executor.query(
      `SELECT ${COLUMNS} FROM core_cluster_members ${clause}`,
      params,
    );
    return rows.map((row) => rowSchema.parse(row));
  }
}
