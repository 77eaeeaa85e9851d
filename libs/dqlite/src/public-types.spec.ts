/** The types of the public interface: checked by `npm run typecheck`. */
import type { DataSource } from 'typeorm';
import { describe, expectTypeOf, it } from 'vitest';
import {
  isDqliteError,
  timeLimit,
  type DqliteApp,
  type DqliteClient,
  type DqliteDataSource,
  type DqliteErrorCode,
  type NodeInfo,
  type NodeRole,
  type SqlValue,
} from './index.js';

describe('values', () => {
  it('are exact: identifiers are bigints, roles have names', () => {
    expectTypeOf<NodeInfo['id']>().toEqualTypeOf<bigint>();
    expectTypeOf<NodeRole>().toEqualTypeOf<'voter' | 'stand-by' | 'spare'>();
    expectTypeOf<bigint>().toExtend<SqlValue>();
    expectTypeOf<object>().not.toExtend<SqlValue>();
  });
});

describe('an application and its client', () => {
  it('answer promises, and take signals', () => {
    expectTypeOf<DqliteApp['client']>().parameter(0).toEqualTypeOf<string>();
    expectTypeOf<DqliteApp['client']>().returns.toEqualTypeOf<DqliteClient>();
    expectTypeOf<Awaited<ReturnType<DqliteClient['query']>>['rows'][number]>().toExtend<
      readonly SqlValue[]
    >();
    expectTypeOf(timeLimit).toEqualTypeOf<(milliseconds: number) => AbortSignal>();
    expectTypeOf<DqliteDataSource>().toExtend<DataSource>();
  });
});

describe('errors', () => {
  it('are told apart by their code', () => {
    expectTypeOf<'NO_LEADER'>().toExtend<DqliteErrorCode>();
    expectTypeOf<'OTHER'>().not.toExtend<DqliteErrorCode>();
    const error: unknown = undefined;
    if (isDqliteError(error)) expectTypeOf(error.code).toEqualTypeOf<DqliteErrorCode>();
  });
});
