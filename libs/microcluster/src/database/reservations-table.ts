/** The table `core_token_reservations`: join tokens that a joiner is using right now. */
import { z } from 'zod';
import type { SqlExecutor, SqlInput } from './sql-executor.js';
import { decodeTime, encodeTime } from './sql-time.js';

/** A token bound to the joiner that presented it. */
export interface Reservation {
  readonly id: number;
  readonly name: string;
  readonly secret: string;
  /** `undefined`: never expires. */
  readonly expiresAt: Date | undefined;
  /** PEM of the joiner's server certificate. */
  readonly certificate: string;
  readonly reservedAt: Date;
}

const rowSchema = z
  .object({
    id: z.coerce.number(),
    name: z.string(),
    secret: z.string(),
    expiry_date: z.unknown(),
    certificate: z.string(),
    reserved_at: z.unknown(),
  })
  .transform((row): Reservation => ({
    id: row.id,
    name: row.name,
    secret: row.secret,
    expiresAt: decodeTime(row.expiry_date),
    certificate: row.certificate,
    reservedAt: decodeTime(row.reserved_at) ?? new Date(0),
  }));

/**
 * The table is ours alone: members of other makes neither know nor need it, and no schema version counts
 * it. Therefore it is made with the first reservation and may be missing at any time.
 */
export class ReservationsTable {
  constructor(private readonly executor: SqlExecutor) {}

  async list(): Promise<Reservation[]> {
    return this.select('ORDER BY id');
  }

  async bySecret(secret: string): Promise<Reservation | undefined> {
    return (await this.select('WHERE secret = ?', [secret]))[0];
  }

  async byCertificate(certificate: string): Promise<Reservation | undefined> {
    return (await this.select('WHERE certificate = ?', [certificate]))[0];
  }

  async insert(reservation: Omit<Reservation, 'id'>): Promise<void> {
    await this.executor.execute(
      `CREATE TABLE IF NOT EXISTS core_token_reservations (
  id          INTEGER  PRIMARY KEY AUTOINCREMENT NOT NULL,
  name        TEXT     NOT NULL,
  secret      TEXT     NOT NULL,
  expiry_date DATETIME,
  certificate TEXT     NOT NULL,
  reserved_at DATETIME NOT NULL,
  UNIQUE (secret),
  UNIQUE (certificate)
)`,
    );
    await this.executor.execute(
      `INSERT INTO core_token_reservations (name, secret, expiry_date, certificate, reserved_at)
         VALUES (?, ?, ?, ?, ?)`,
      [
        reservation.name,
        reservation.secret,
        reservation.expiresAt === undefined ? null : encodeTime(reservation.expiresAt),
        reservation.certificate,
        encodeTime(reservation.reservedAt),
      ],
    );
  }

  /** Hands a reservation over to another joiner. */
  async rebind(id: number, certificate: string, now: Date): Promise<void> {
    await this.executor.execute(
      'UPDATE core_token_reservations SET certificate = ?, reserved_at = ? WHERE id = ?',
      [certificate, encodeTime(now), id],
    );
  }

  /** Returns whether there was one. */
  async removeByCertificate(certificate: string): Promise<boolean> {
    return this.remove('certificate = ?', certificate);
  }

  /** Returns whether there was one. */
  async removeByName(name: string): Promise<boolean> {
    return this.remove('name = ?', name);
  }

  private async remove(condition: string, value: string): Promise<boolean> {
    if (!(await this.exists())) return false;
    const { affected } = await this.executor.execute(
      `DELETE FROM core_token_reservations WHERE ${condition}`,
      [value],
    );
    return affected > 0;
  }

  private async select(clause: string, params: readonly SqlInput[] = []): Promise<Reservation[]> {
    if (!(await this.exists())) return [];
    const rows = await this.executor.query(
      `SELECT id, name, secret, expiry_date, certificate, reserved_at FROM core_token_reservations ${clause}`,
      params,
    );
    return rows.map((row) => rowSchema.parse(row));
  }

  private async exists(): Promise<boolean> {
    const rows = await this.executor.query(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'core_token_reservations'`,
    );
    return rows.length > 0;
  }
}
