/** What TypeORM wants around every statement: its log, its subscribers, and its error class. */
import { QueryFailedError, type QueryResult, type QueryRunner } from 'typeorm';
import { BroadcasterResult } from 'typeorm/subscriber/BroadcasterResult.js';

/**
 * Runs a statement; what it throws becomes the `driverError` of a `QueryFailedError`.
 *
 * @param runner whose data source's logger and subscribers are told
 */
export async function observed(
  runner: QueryRunner,
  sql: string,
  parameters: unknown[],
  run: () => Promise<QueryResult>,
): Promise<QueryResult> {
  const { dataSource, broadcaster } = runner;
  const { logger, options } = dataSource;
  const isSubscribed = dataSource.subscribers.length > 0;
  logger.logQuery(sql, parameters, runner);
  if (isSubscribed) await broadcaster.broadcast('BeforeQuery', sql, parameters);
  const startedAt = performance.now();
  const after = async (result: QueryResult | undefined, error?: Error): Promise<void> => {
    if (!isSubscribed) return;
    const told = new BroadcasterResult();
    const elapsed = performance.now() - startedAt;
    const succeeded = result !== undefined;
    broadcaster.broadcastAfterQueryEvent(
      told,
      sql,
      parameters,
      succeeded,
      elapsed,
      result?.raw,
      error,
    );
    await told.wait();
  };
  let result: QueryResult;
  try {
    result = await run();
  } catch (thrown) {
    const failure = failed(runner, sql, parameters, thrown);
    await after(undefined, failure.driverError);
    throw failure;
  }
  const elapsed = performance.now() - startedAt;
  const slow = options.maxQueryExecutionTime;
  if (slow !== undefined && elapsed > slow) logger.logQuerySlow(elapsed, sql, parameters, runner);
  await after(result);
  return result;
}

/** The error for what a statement threw; logged. */
export function failed(
  runner: QueryRunner,
  sql: string,
  parameters: unknown[],
  thrown: unknown,
): QueryFailedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  runner.dataSource.logger.logQueryError(error, sql, parameters, runner);
  return new QueryFailedError(sql, parameters, error);
}
