/** Requests and responses as plain values: what the codec turns into bytes and back. */
import type { NodeRole, SqlParameter, SqlValue } from '../values.js';

/** Format of the parameter tuple: 0 counts in a byte, 1 (server 1.12 and later) in 32 bits. */
export type TupleSchema = 0 | 1;

/** A request of a client (`spec/dqlite.md` A.5). */
export type Request =
  /** `schema: 1` makes it the probe for wide tuples (`spec/dqlite.md` A.10). */
  | { readonly type: 'leader'; readonly schema?: TupleSchema }
  | { readonly type: 'client'; readonly id: bigint }
  | { readonly type: 'open'; readonly name: string }
  | { readonly type: 'prepare'; readonly sql: string; readonly schema?: TupleSchema }
  | {
      readonly type: 'exec' | 'query';
      readonly statement: number;
      readonly parameters: readonly SqlParameter[];
      readonly schema: TupleSchema;
    }
  | {
      readonly type: 'exec-sql' | 'query-sql';
      readonly sql: string;
      readonly parameters: readonly SqlParameter[];
      readonly schema: TupleSchema;
    }
  | { readonly type: 'finalize'; readonly statement: number }
  | { readonly type: 'interrupt' }
  | { readonly type: 'add'; readonly id: bigint; readonly address: string }
  | { readonly type: 'assign'; readonly id: bigint; readonly role: NodeRole }
  | { readonly type: 'remove'; readonly id: bigint }
  | { readonly type: 'dump'; readonly name: string }
  | { readonly type: 'cluster' }
  /** `id` 0: any other voter. */
  | { readonly type: 'transfer'; readonly id: bigint }
  | { readonly type: 'describe' }
  | { readonly type: 'weight'; readonly weight: bigint };

/** A member in an answer to `cluster`. The role is undefined when its number is unknown to us. */
export interface ServerEntry {
  readonly id: bigint;
  readonly address: string;
  readonly role: NodeRole | undefined;
}

/** A file of a dumped database. */
export interface DumpedFile {
  readonly name: string;
  readonly content: Buffer;
}

/** One part of a result. `done` is false when the server sends another part unasked. */
export interface RowsPart {
  readonly type: 'rows';
  readonly columns: readonly string[];
  readonly rows: SqlValue[][];
  readonly done: boolean;
}

/** An answer of a node (`spec/dqlite.md` A.6). */
export type Response =
  | { readonly type: 'failure'; readonly code: number; readonly message: string }
  | { readonly type: 'server'; readonly id: bigint; readonly address: string }
  | { readonly type: 'welcome'; readonly heartbeatMs: bigint }
  | { readonly type: 'servers'; readonly servers: readonly ServerEntry[] }
  | { readonly type: 'database'; readonly id: number }
  | {
      readonly type: 'statement';
      readonly id: number;
      readonly parameterCount: number;
      /** Bytes of the SQL text that were used; only servers from 1.15 on say so. */
      readonly tailOffset: number | undefined;
    }
  | {
      readonly type: 'result';
      readonly lastInsertId: number | bigint;
      readonly rowsAffected: number;
    }
  | RowsPart
  | { readonly type: 'empty' }
  | { readonly type: 'files'; readonly files: readonly DumpedFile[] }
  | { readonly type: 'metadata'; readonly failureDomain: bigint; readonly weight: bigint };
