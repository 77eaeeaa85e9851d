/** SQL for the operator, on the control socket alone (`spec/core-api.md` 23.1). */
import { timeLimit } from '@microcluster/dqlite/time-limit';
import { Injectable } from '@nestjs/common';
import { UNIX_LISTENER } from '../access/index.js';
import { dumpDatabase, runSqlBatch } from '../database/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { CoreRoute, type CoreRequest, type CoreRouteOptions } from '../listeners/index.js';
import {
  encodeValue,
  parseValue,
  sqlBatchSchema,
  sqlDumpSchema,
  sqlQuerySchema,
} from '../types/index.js';

/** How long one request may take, milliseconds. */
const SQL_LIMIT = 30_000;
const DUMP: CoreRouteOptions = {
  listeners: [UNIX_LISTENER],
  doc: {
    summary: 'Dump the database as SQL',
    query: { schema: '`1` leaves the rows out.' },
    reply: sqlDumpSchema,
  },
};
const BATCH: CoreRouteOptions = {
  listeners: [UNIX_LISTENER],
  doc: {
    summary: 'Run SQL statements',
    query: { transaction: '`1` runs them in one transaction.' },
    body: sqlQuerySchema,
    reply: sqlBatchSchema,
  },
};

@Injectable()
export class SqlEndpoints {
  constructor(
    private readonly runtime: MemberRuntime,
    private readonly daemon: Daemon,
  ) {}

  @CoreRoute('GET', '/core/internal/sql', DUMP)
  dumpInternal(request: CoreRequest): Promise<unknown> {
    return this.dump(request);
  }

  @CoreRoute('GET', '/core/control/sql', DUMP)
  dumpControl(request: CoreRequest): Promise<unknown> {
    return this.dump(request);
  }

  @CoreRoute('POST', '/core/internal/sql', BATCH)
  batchInternal(request: CoreRequest): Promise<unknown> {
    return this.batch(request);
  }

  @CoreRoute('POST', '/core/control/sql', BATCH)
  batchControl(request: CoreRequest): Promise<unknown> {
    return this.batch(request);
  }

  private async dump({ query, signal }: CoreRequest): Promise<unknown> {
    const text = await dumpDatabase(this.runtime.opened.sql, {
      schemaOnly: query.get('schema') === '1',
      signal: this.limit(signal),
    });
    return encodeValue(sqlDumpSchema, { text });
  }

  private async batch({ body, query, signal }: CoreRequest): Promise<unknown> {
    const { query: text } = parseValue(sqlQuerySchema, body, 'SQLQuery');
    const results = await runSqlBatch(this.runtime.opened.sql, text, {
      transaction: query.get('transaction') === '1',
      signal: this.limit(signal),
    });
    return encodeValue(sqlBatchSchema, results);
  }

  private limit(client: AbortSignal): AbortSignal {
    return AbortSignal.any([client, this.daemon.drained, timeLimit(SQL_LIMIT)]);
  }
}
