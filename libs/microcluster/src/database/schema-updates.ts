/** Brings a database to this code's schema: the framework's updates first, the application's after them (`spec/core-api.md` 20). */
import type { MigrationInterface } from 'typeorm';
import { INTERNAL_UPDATES } from './core-schema.js';
import { withoutForeignKeys } from './foreign-keys.js';
import { SchemaUpdateError } from './schema-update-error.js';
import { readSchemaVersions, recordSchemaVersion, type SchemaKind } from './schema-versions.js';
import type { SqlExecutor, SqlSession } from './sql-executor.js';

/** An update of the application as a function; it runs inside the transaction that applies all missing ones. */
export type SchemaUpdate = (executor: SqlExecutor) => Promise<void>;

/** An update of the application: a TypeORM migration class, of which `up` is run, or a function. */
export type ExternalUpdate = SchemaUpdate | (new () => MigrationInterface);

/** What {@link applySchemaUpdates} brings a database to. */
export interface SchemaTarget {
  /** The daemon's extension registry, internal names included. */
  readonly extensions: readonly string[];
  /** The application's updates in order; number n is the n-th. */
  readonly external: readonly ExternalUpdate[];
  /** Time recorded with each applied update. Default: now. */
  readonly now?: Date;
}

/** Which updates {@link applySchemaUpdates} has run, by number. */
export interface AppliedUpdates {
  readonly internal: readonly number[];
  readonly external: readonly number[];
}

interface Update {
  readonly label: string;
  run(session: SqlSession): Promise<void>;
}

/**
 * Applies all missing updates: the internal ones in one transaction, then the external ones in another,
 * each recorded in the table `schemas`. Foreign keys are not enforced meanwhile, so that tables can be
 * rebuilt; rows that an external update leaves without their parents make it fail.
 *
 * @param session the connection to work on; no transaction may be open on it.
 * @returns the numbers of the updates that were missing.
 * @throws SchemaUpdateError naming the update that failed, or when the database is newer than this code;
 *   the transaction it happened in is rolled back whole.
 */
export async function applySchemaUpdates(
  session: SqlSession,
  target: SchemaTarget,
): Promise<AppliedUpdates> {
  const internal = INTERNAL_UPDATES.map((update) => ({
    label: 'internal',
    run: () => update(session, target),
  }));
  const external = target.external.map(describeExternal);
  const now = target.now ?? new Date();
  return withoutForeignKeys(session, async ({ guarded }) => ({
    internal: await applyMissing(session, 'internal', internal, now),
    external: await applyMissing(session, 'external', external, now, guarded),
  }));
}

async function applyMissing(
  session: SqlSession,
  kind: SchemaKind,
  updates: readonly Update[],
  now: Date,
  guarded: (work: () => Promise<void>) => Promise<void> = (work) => work(),
): Promise<number[]> {
  return session.transaction(async () => {
    const have = (await readSchemaVersions(session))[kind];
    if (have > updates.length) throw SchemaUpdateError.tooNew(kind, have, updates.length);
    const missing = updates.slice(have);
    for (const [index, update] of missing.entries()) {
      const version = have + index + 1;
      try {
        await guarded(() => update.run(session));
      } catch (cause) {
        throw SchemaUpdateError.failed(kind, version, update.label, cause);
      }
      await recordSchemaVersion(session, kind, version, now);
    }
    return missing.map((_update, index) => have + index + 1);
  });
}

function describeExternal(update: ExternalUpdate): Update {
  const label = update.name === '' ? 'external' : `external, ${update.name}`;
  if (!isMigrationClass(update)) return { label, run: (session) => update(session) };
  return {
    label,
    async run({ queryRunner }) {
      if (queryRunner === undefined) {
        throw new TypeError('a TypeORM migration needs a session with a query runner');
      }
      await new update().up(queryRunner);
    },
  };
}

function isMigrationClass(update: ExternalUpdate): update is new () => MigrationInterface {
  const prototype: unknown = update.prototype;
  return typeof prototype === 'object' && prototype !== null && 'up' in prototype;
}
