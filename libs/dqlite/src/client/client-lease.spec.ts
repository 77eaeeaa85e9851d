/** Leases whose statements are given in parallel, against a server that writes down what it is sent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dialTcp } from '../transport/index.js';
import { readRequest, response, wireValue } from '../wire/server-side.fixture.js';
import { DqliteClient, type ClientLease } from './index.js';
import { scriptedServer, type ScriptedServer } from './scripted-server.fixture.js';

const CONSTRAINT = 2067n;
const [BUSY, SQL_ERROR] = [5n, 1n];

let server: ScriptedServer;
let client: DqliteClient;
/** What was sent since the first BEGIN. */
let sent: string[];
/** A statement that within a transaction finds the database busy, however often it is repeated. */
let busy: string | undefined;
let onSent: (sql: string) => void;

beforeEach(async () => {
  sent = [];
  busy = undefined;
  onSent = () => undefined;
  let isOpen = false;
  const run = (sql: string): Buffer => {
    if (sql.startsWith('BEGIN') && isOpen) return response.failure(SQL_ERROR, 'within another');
    if (isOpen && sql === busy) return response.failure(BUSY, 'database is locked');
    if (sql.includes('duplicate')) return response.failure(CONSTRAINT, 'UNIQUE constraint failed');
    if (sql.startsWith('BEGIN')) isOpen = true;
    if (sql === 'COMMIT' || sql === 'ROLLBACK') isOpen = false;
    return response.result(1n, 1);
  };
  server = await scriptedServer((_type, _count, _socket, frame) => {
    const request = readRequest(frame);
    if (request.type === 'leader') return response.server(1n, server.address);
    if (request.type === 'open') return response.database();
    if (request.type === 'query-sql') return response.rows(['z'], [[wireValue.null()]]);
    if (request.type !== 'exec-sql') return undefined;
    if (sent.length > 0 || request.sql.startsWith('BEGIN')) sent.push(request.sql);
    onSent(request.sql);
    return run(request.sql);
  });
  client = new DqliteClient({
    dial: dialTcp,
    servers: () => [{ address: server.address, role: 'voter' }],
    database: 'test',
    connection: { preparedStatements: 0 },
  });
});
afterEach(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

/** Whether each statement of a group was run, or why not. */
async function outcomes(statements: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(statements);
  return settled.map((one) => (one.status === 'fulfilled' ? 'done' : one.reason.code));
}

/** Inserts one row after the other, whatever becomes of the earlier ones. */
async function insertAll(lease: ClientLease, values: readonly number[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const value of values) {
    results.push(...(await outcomes([lease.exec(`INSERT INTO t VALUES (${value})`)])));
  }
  return results;
}

describe('statements given in parallel to a transaction', () => {
  it('are not sent behind its ROLLBACK when one of them fails', async () => {
    let others: Promise<unknown[]> | undefined;
    await expect(
      client.transaction((tx) => {
        const failing = tx.exec("INSERT INTO t VALUES ('duplicate')");
        others = outcomes([
          tx.exec('INSERT INTO t VALUES (2)'),
          tx.exec('INSERT INTO t VALUES (3)'),
          tx.query('INSERT INTO t VALUES (4) RETURNING n'),
        ]);
        return failing;
      }),
    ).rejects.toMatchObject({ code: 'CONSTRAINT' });

    expect(await others).toEqual(['done', 'TRANSACTION_ENDED', 'TRANSACTION_ENDED']);
    expect(sent.slice(-2)).toEqual(['INSERT INTO t VALUES (2)', 'ROLLBACK']);
  });

  it('are not sent behind its COMMIT, one after the other', async () => {
    let late: Promise<unknown[]> | undefined;
    await client.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (1)');
      late = insertAll(tx, [2, 3, 4, 5, 6]);
    });

    expect(await late).toEqual(['done', 'CLOSED', 'CLOSED', 'CLOSED', 'CLOSED']);
    expect(sent.at(-1)).toBe('COMMIT');
  });

  it.each(['commit', 'rollback'] as const)('are refused when given behind its %s', async (end) => {
    const lease = await client.acquire();
    await lease.begin();
    const ending = lease[end]();
    const late = outcomes([
      lease.exec('INSERT INTO t VALUES (1)'),
      lease.query('INSERT INTO t VALUES (2) RETURNING n'),
      lease.stream('SELECT 1').next(),
    ]);
    await ending;

    expect(await late).toEqual(['TRANSACTION_ENDED', 'TRANSACTION_ENDED', 'TRANSACTION_ENDED']);
    expect(sent).toEqual(['BEGIN IMMEDIATE', end.toUpperCase()]);
    await lease.release();
  });

  it('are not repeated behind its ROLLBACK because the database was busy before', async () => {
    busy = 'INSERT INTO t VALUES (1)';
    const lease = await client.acquire();
    await lease.begin();
    const insert = outcomes([lease.exec(busy)]);
    await expect.poll(() => sent).toContain(busy);
    await lease.rollback();

    expect(await insert).toEqual(['TRANSACTION_ENDED']);
    expect(sent.at(-1)).toBe('ROLLBACK');
    await lease.release();
  });

  it('belong to it also when they are given before its BEGIN is answered', async () => {
    const lease = await client.acquire();

    expect(await outcomes([lease.begin(), lease.exec('INSERT INTO t VALUES (1)')])).toEqual([
      'done',
      'done',
    ]);
    await lease.commit();
    expect(sent).toEqual(['BEGIN IMMEDIATE', 'INSERT INTO t VALUES (1)', 'COMMIT']);
    await lease.release();
  });
});

describe('a lease that is released', () => {
  it('leaves no BEGIN on the connection that it gives back', async () => {
    const lease = await client.acquire();
    const given = outcomes([lease.exec('DELETE FROM t'), lease.begin()]);
    const released = new Promise<void>((resolve) => {
      onSent = () => resolve(lease.release());
    });
    await released;
    await given;
    await client.exec('INSERT INTO t VALUES (1)');

    expect(sent).toEqual([]);
  });

  it('lets its connection serve the next one', async () => {
    await expect(
      client.transaction(async (tx) => {
        await tx.exec("INSERT INTO t VALUES ('duplicate')");
      }),
    ).rejects.toMatchObject({ code: 'CONSTRAINT' });

    expect(client.stats.idleConnections).toBe(1);
    await client.transaction((tx) => tx.exec('INSERT INTO t VALUES (1)'));
    expect(sent.slice(-3)).toEqual(['BEGIN IMMEDIATE', 'INSERT INTO t VALUES (1)', 'COMMIT']);
  });
});
