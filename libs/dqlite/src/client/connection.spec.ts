/** The connection against peers that break the protocol, die or say nothing. */
import { describe, expect, it } from 'vitest';
import { response, wireValue } from '../wire/server-side.fixture.js';
import { scriptedServer } from './scripted-server.fixture.js';

const [OPEN, EXEC_SQL, QUERY_SQL] = [3, 8, 9];

/** Answers what a connection asks when it opens a database; `rest` answers what comes afterwards. */
const openThen =
  (rest: (type: number) => Buffer | undefined) =>
  (type: number, count: number): Buffer | undefined => {
    if (type === OPEN) return response.database();
    if (count === 2) return response.rows(['z'], [[wireValue.null()]]);
    if (count === 3) return response.result(0n, 0);
    return rest(type);
  };

describe('a connection', () => {
  it('warms up before the first statement (rule 3)', async () => {
    const types: number[] = [];
    await using server = await scriptedServer((type, count) => {
      types.push(type);
      return openThen(() => response.result(1n, 1))(type, count);
    });
    const connection = await server.connect();
    await connection.open('test');

    expect(types).toEqual([OPEN, QUERY_SQL, EXEC_SQL]);
    connection.close();
  });

  it('ends an endless result at its first empty part (rule 12)', async () => {
    const endless = response.rows(['x'.repeat(5000)], [], false);
    await using server = await scriptedServer(
      openThen(() => Buffer.concat([endless, endless, endless])),
    );
    const connection = await server.connect();
    await connection.open('test');

    await expect(connection.query('SELECT 1 AS x')).rejects.toMatchObject({
      code: 'COLUMN_HEADER_TOO_LARGE',
    });
    expect(connection.closed).toBe(true);
  });

  it.each([
    ['a message without a body', Buffer.alloc(8)],
    ['an unknown type', Buffer.from('01000000630000000000000000000000', 'hex')],
    ['another answer than the one to the question', response.welcome()],
    ['random bytes', Buffer.from('f00dfacef00dfacef00dfacef00dface', 'hex')],
  ])('is over after %s', async (_, bytes) => {
    await using server = await scriptedServer(() => bytes);
    const connection = await server.connect();

    await expect(connection.leader({ deadlineMs: 60_000 })).rejects.toMatchObject({
      code: 'PROTOCOL',
    });
    expect(connection.closed).toBe(true);
  });

  it('is over when an answer comes that nobody asked for', async () => {
    const extra = Buffer.concat([response.server(1n, 'a:1'), response.empty()]);
    await using server = await scriptedServer(() => extra);
    const connection = await server.connect();
    await connection.leader();

    await expect(connection.leader()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('reports an unknown outcome when it is lost during a write, and only then (rule 8)', async () => {
    await using server = await scriptedServer((type, count, socket) => {
      if (count > 3) socket.destroy();
      return openThen(() => undefined)(type, count);
    });
    const writer = await server.connect();
    await writer.open('test');
    await expect(writer.exec('INSERT INTO t VALUES (1)')).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      outcome: 'unknown',
      retry: 'none',
    });
    await expect(writer.exec('INSERT INTO t VALUES (2)')).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      outcome: 'not-executed',
    });
  });

  it('reports a lost read as safe to repeat', async () => {
    await using server = await scriptedServer((_type, _count, socket) => {
      socket.destroy();
      return undefined;
    });
    const reader = await server.connect();

    await expect(reader.cluster()).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      retry: 'other-node',
      outcome: 'not-executed',
    });
  });

  it('gives up a request at its deadline and closes, while one behind it was never sent', async () => {
    await using server = await scriptedServer(() => undefined);
    const connection = await server.connect();
    const first = connection.leader({ deadlineMs: 30 });
    const second = connection.leader({ deadlineMs: 60_000 });

    await expect(first).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(second).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(server.requests()).toBe(1);
  });

  it('forgets a queued request that is cancelled, and goes on with the others', async () => {
    let reply: (() => void) | undefined;
    await using server = await scriptedServer((_type, count, socket) => {
      if (count > 1) return response.server(2n, 'b:2');
      reply = () => socket.write(response.server(1n, 'a:1'));
      return undefined;
    });
    const connection = await server.connect();
    const cancel = new AbortController();
    const first = connection.leader();
    const second = connection.leader({ signal: cancel.signal });
    const third = connection.leader();
    cancel.abort();

    await expect(second).rejects.toMatchObject({ code: 'ABORTED', outcome: 'not-executed' });
    await expect.poll(() => reply).toBeDefined();
    reply?.();
    await expect(first).resolves.toMatchObject({ address: 'a:1' });
    await expect(third).resolves.toMatchObject({ address: 'b:2' });
    expect(server.requests()).toBe(2);
    connection.close();
  });

  it('cancels a write that is on its way by closing, and says that it may have happened', async () => {
    const cancel = new AbortController();
    await using server = await scriptedServer(
      openThen(() => {
        cancel.abort();
        return undefined;
      }),
    );
    const connection = await server.connect();
    await connection.open('test');

    await expect(
      connection.exec('DELETE FROM t', [], { signal: cancel.signal }),
    ).rejects.toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    expect(connection.closed).toBe(true);
  });

  it.each([
    [10_250, 'not leader', 'NOT_LEADER'],
    [12, 'no database opened', 'NOT_LEADER'],
    [7, 'no more rows available', 'NOT_LEADER'],
    [0, 'empty statement', 'LEADERSHIP_LOST'],
  ])('is over after %i %j, which means another leader (rule 10)', async (code, text, expected) => {
    await using server = await scriptedServer(openThen(() => response.failure(BigInt(code), text)));
    const connection = await server.connect();
    await connection.open('test');

    await expect(connection.query('SELECT 1')).rejects.toMatchObject({ code: expected });
    expect(connection.closed).toBe(true);
  });

  it('probes before it sends more than 255 parameters, and uses what a new server can (rule 6)', async () => {
    const schemas: number[] = [];
    await using server = await scriptedServer(
      openThen((type) => {
        schemas.push(type);
        return type === 0
          ? response.failure(1005n, 'unrecognized schema version')
          : response.result(1n, 1);
      }),
    );
    const connection = await server.connect();
    await connection.open('test');
    const many = Array.from({ length: 300 }, (_, i) => i);
    const sql = `INSERT INTO t VALUES (${many.map(() => '?').join(',')})`;

    await expect(connection.exec(sql, many)).resolves.toEqual({ lastInsertId: 1, rowsAffected: 1 });
    expect(schemas).toEqual([0, EXEC_SQL]);
    connection.close();
  });

  it('answers NOT_OPEN before a database is open, and CLOSED afterwards', async () => {
    await using server = await scriptedServer(() => undefined);
    const connection = await server.connect();

    await expect(connection.exec('SELECT 1')).rejects.toMatchObject({ code: 'NOT_OPEN' });
    await expect(connection.open('../x')).rejects.toMatchObject({ code: 'INVALID_DATABASE_NAME' });
    connection.close();
    connection.close();
    await expect(connection.leader()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
