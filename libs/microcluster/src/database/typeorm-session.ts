/** The executor and session of this folder over TypeORM's query runner. */
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { z } from 'zod';
import type { SqlExecutor, SqlInput, SqlRow, SqlSession, WithSession } from './sql-executor.js';

const rowsOf = z.array(z.record(z.string(), z.unknown()));

/** Runs statements through `source`, inside its transaction when it has one open. */
export function executorOf(source: QueryRunner | EntityManager): SqlExecutor {
  const runner = 'manager' in source ? source : source.queryRunner;
  if (runner === undefined) {
    throw new TypeError(
      'This entity manager has no connection of its own; use the one a transaction hands out',
    );
  }
  return {
    async query(sql, params = []): Promise<SqlRow[]> {
      const result: unknown = await runner.query(sql, [...params]);
      return rowsOf.parse(result ?? []);
    },
    async execute(sql, params: readonly SqlInput[] = []) {
      const { affected } = await runner.query(sql, [...params], true);
      return { affected: affected ?? 0 };
    },
  };
}

/** Lends query runners of `dataSource`, one connection each. */
export function sessionsOf(dataSource: DataSource): WithSession {
  return async (work) => {
    const queryRunner = dataSource.createQueryRunner();
    try {
      await queryRunner.connect();
      return await work(sessionOf(queryRunner));
    } finally {
      await queryRunner.release();
    }
  };
}

function sessionOf(queryRunner: QueryRunner): SqlSession {
  return {
    ...executorOf(queryRunner),
    queryRunner,
    async transaction(work) {
      await queryRunner.startTransaction();
      let result;
      try {
        result = await work();
        await queryRunner.commitTransaction();
      } catch (error) {
        // The error that made us roll back matters more than one of the roll-back itself.
        if (queryRunner.isTransactionActive)
          await queryRunner.rollbackTransaction().catch(() => undefined);
        throw error;
      }
      return result;
    },
  };
}
