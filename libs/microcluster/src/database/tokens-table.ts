/** The table `core_token_records`: join tokens that can still be used (`spec/core-api.md` 10, 20.4). */
import { z } from 'zod';
import { MembersTable, PENDING } from './members-table.js';
import type { SqlExecutor, SqlInput } from './sql-executor.js';
import { isZeroTime } from '../types/index.js';
import { AnyNameTokensTable } from './any-name-tokens-table.js';
import { decodeTime, encodeTime } from './sql-time.js';
import { tokenExists, tokenExpired, tokenInUse, tokenNotFound } from './database-errors.js';
import { ReservationsTable, type Reservation } from './reservations-table.js';

/** A join token as it is stored; what its holder gets is made from it (`spec/core-api.md` 10.1). */
export interface StoredToken {
  readonly name: string;
  /** 32 random bytes as hex. */
  readonly secret: string;
  /** `undefined`: never expires. */
  readonly expiresAt: Date | undefined;
  /** Whoever presents it may choose a name; otherwise it is for the member called {@link name}. Default `false`. */
  readonly anyName?: boolean;
}

/** What a joiner's token allows it. */
export interface ReservedToken {
  /** The name that the token was issued for. */
  readonly name: string;
  /** The same certificate has reserved this token before: a joiner that asks again. */
  readonly again: boolean;
  /** The joiner may have another name than the token. */
  readonly anyName: boolean;
}

const rowSchema = z
  .object({ id: z.coerce.number(), name: z.string(), secret: z.string(), expiry_date: z.unknown() })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    secret: row.secret,
    expiresAt: decodeTime(row.expiry_date),
  }));

/**
 * Join tokens and their use. A token that a joiner presents is *reserved*: it leaves this table, so that no
 * member of whatever make accepts it a second time, and waits in the table of reservations, bound to the
 * joiner's certificate. It is deleted when the join succeeds, and comes back when the join is undone.
 * Every method runs in the transaction that `executor` belongs to, and needs one that excludes other writers.
 */
export class TokensTable {
  private readonly reservations: ReservationsTable;
  private readonly members: MembersTable;
  private readonly anyName: AnyNameTokensTable;

  constructor(private readonly executor: SqlExecutor) {
    this.anyName = new AnyNameTokensTable(executor);
    this.reservations = new ReservationsTable(executor);
    this.members = new MembersTable(executor);
  }

  /**
   * Stores a new token and drops expired ones.
   *
   * @throws MicroclusterError with status 409 when the name is taken.
   */
  async issue(token: StoredToken, now: Date): Promise<void> {
    await this.purgeExpired(now);
    if ((await this.select('WHERE name = ?', [token.name])).length > 0)
      throw tokenExists(token.name);
    await this.insert(token);
    const known = [...(await this.select('')), ...(await this.reservations.list())];
    await this.anyName.keepOnly(known.map(({ secret }) => secret));
    if (token.anyName === true) await this.anyName.add(token.secret);
  }

  /** The usable tokens, ordered by secret; expired and reserved ones are left out. */
  async list(now: Date): Promise<StoredToken[]> {
    const rows = await this.select('ORDER BY secret');
    const anyName = await this.anyName.secrets();
    return rows
      .filter((token) => !isExpired(token, now))
      .map(({ name, secret, expiresAt }) => ({
        name,
        secret,
        expiresAt,
        ...(anyName.has(secret) && { anyName: true }),
      }));
  }

  /**
   * Finds out cheaply whether {@link reserve} could find the token, spent ones apart: for callers that may be
   * anybody. One connection will do, without a transaction.
   *
   * @throws MicroclusterError with status 404 when there is none, as {@link reserve}
   */
  async requireIssued(secret: string): Promise<void> {
    if ((await this.select('WHERE secret = ?', [secret])).length > 0) return;
    if ((await this.reservations.bySecret(secret)) === undefined) throw tokenNotFound();
  }

  /**
   * Deletes a token, also one that is reserved (its join may still succeed, but it will not come back).
   *
   * @throws MicroclusterError with status 404 when there is none of that name.
   */
  async revoke(name: string): Promise<void> {
    const { affected } = await this.executor.execute(
      'DELETE FROM core_token_records WHERE name = ?',
      [name],
    );
    const reserved = await this.reservations.removeByName(name);
    if (affected === 0 && !reserved) throw tokenNotFound();
  }

  /**
   * Reserves the token with `secret` for the joiner with `certificate`. Insert the joiner's `PENDING` row in
   * the same transaction: the reservation lasts as long as that row.
   *
   * @param certificate PEM of the joiner's server certificate, exactly as its row stores it.
   * @throws MicroclusterError 404 for an unknown or spent token, 403 for an expired one, 409 for one that
   *   another joiner is using at this moment.
   */
  async reserve(secret: string, certificate: string, now: Date): Promise<ReservedToken> {
    const anyName = (await this.anyName.secrets()).has(secret);
    const [token] = await this.select('WHERE secret = ?', [secret]);
    if (token !== undefined) {
      if (isExpired(token, now)) throw tokenExpired();
      await this.giveBack(await this.reservations.byCertificate(certificate), now);
      await this.executor.execute('DELETE FROM core_token_records WHERE id = ?', [token.id]);
      await this.reservations.insert({ ...token, certificate, reservedAt: now });
      return { name: token.name, again: false, anyName };
    }
    const reservation = await this.reservations.bySecret(secret);
    if (reservation === undefined) throw tokenNotFound();
    const holder = await this.members.byCertificate(reservation.certificate);
    if (holder !== undefined && holder.role !== PENDING) throw tokenNotFound();
    if (holder !== undefined && holder.certificate !== certificate)
      throw tokenInUse(reservation.name);
    if (isExpired(reservation, now)) throw tokenExpired();
    if (holder === undefined) await this.takeOver(reservation, certificate, now);
    return { name: reservation.name, again: reservation.certificate === certificate, anyName };
  }

  /** Deletes the token that the joiner with `certificate` has used: it is a member now. Idempotent. */
  async confirm(certificate: string): Promise<void> {
    await this.reservations.removeByCertificate(certificate);
  }

  /**
   * Makes the token that the joiner with `certificate` has used usable again. Idempotent.
   *
   * @throws Error while the joiner's row exists: it must be removed first, in the same transaction, or the
   *   token would admit two members.
   */
  async release(certificate: string, now: Date): Promise<void> {
    if ((await this.members.byCertificate(certificate)) !== undefined) {
      throw new Error(
        'A token was released whose joiner is still in the member table; remove that row first',
      );
    }
    await this.giveBack(await this.reservations.byCertificate(certificate), now);
  }

  /**
   * Brings reservations in line with the member table, whoever changed it: a joiner that has had a heartbeat
   * has succeeded, one that is gone has failed, and any other is still on its way. Its role says nothing: it
   * gets one as soon as it is in dqlite, long before its join can no longer fail.
   */
  async settle(now: Date): Promise<void> {
    for (const reservation of await this.reservations.list()) {
      const holder = await this.members.byCertificate(reservation.certificate);
      if (holder === undefined) await this.giveBack(reservation, now);
      else if (!isZeroTime(holder.heartbeat)) await this.confirm(reservation.certificate);
    }
  }

  /** Deletes tokens whose time is over; reserved ones are judged when they are used or come back. */
  async purgeExpired(now: Date): Promise<void> {
    const rows = await this.select('WHERE expiry_date IS NOT NULL');
    const expired = rows.filter((token) => isExpired(token, now)).map((token) => token.id);
    if (expired.length === 0) return;
    // Compared here and not in SQL, since members write the same instant with different offsets.
    await this.executor.execute(
      'DELETE FROM core_token_records WHERE id IN (SELECT value FROM json_each(?))',
      [JSON.stringify(expired)],
    );
  }

  /** The join that reserved the token was undone without saying so: the next joiner gets it. */
  private async takeOver(reservation: Reservation, certificate: string, now: Date): Promise<void> {
    const other = await this.reservations.byCertificate(certificate);
    if (other !== undefined && other.id !== reservation.id) await this.giveBack(other, now);
    await this.reservations.rebind(reservation.id, certificate, now);
  }

  /** A token that has expired, or whose name was given to a newer one meanwhile, does not come back. */
  private async giveBack(reservation: Reservation | undefined, now: Date): Promise<void> {
    if (reservation === undefined) return;
    await this.reservations.removeByCertificate(reservation.certificate);
    if (isExpired(reservation, now)) return;
    if ((await this.select('WHERE name = ?', [reservation.name])).length > 0) return;
    await this.insert(reservation);
  }

  private async insert(token: StoredToken): Promise<void> {
    await this.executor.execute(
      'INSERT INTO core_token_records (name, secret, expiry_date) VALUES (?, ?, ?)',
      [
        token.name,
        token.secret,
        token.expiresAt === undefined ? null : encodeTime(token.expiresAt),
      ],
    );
  }

  private async select(clause: string, params: readonly SqlInput[] = []) {
    const rows = await this.executor.query(
      `SELECT id, name, secret, expiry_date FROM core_token_records ${clause}`,
      params,
    );
    return rows.map((row) => rowSchema.parse(row));
  }
}

function isExpired(token: Pick<StoredToken, 'expiresAt'>, now: Date): boolean {
  return token.expiresAt !== undefined && token.expiresAt.getTime() <= now.getTime();
}
