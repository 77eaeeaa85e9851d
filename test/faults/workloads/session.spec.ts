/** What a client concludes from what it gets: the table in `docs/explanation/consistency.md`. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Session } from './session.js';

let directory: string;
let server: Server | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'faults-session-'));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(directory, { recursive: true });
});

const socketPath = (): string => join(directory, 's');

async function session(answer: RequestListener, patienceMs?: number): Promise<Session> {
  server = createServer(answer).listen(socketPath());
  await once(server, 'listening');
  return new Session(0, { host: 0, daemon: { socketPath: socketPath() } }, patienceMs);
}

function error(status: number, code: string): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'x-microcluster-error': code }).end('{"error":"why"}');
  };
}

describe('a client concludes', () => {
  it('success from 200, with the answer', async () => {
    const client = await session((_request, response) => response.end('{"metadata":[1]}'));
    expect(await client.ask('set', {})).toEqual({ outcome: 'ok', value: [1] });
  });

  it.each([
    [503, 'NO_LEADER'],
    [503, 'TIMEOUT'],
    [503, 'LEADERSHIP_LOST'],
    [409, 'CONSTRAINT'],
    [503, 'DATABASE_NOT_OPEN'],
  ])('from %d with %s that nothing was done', async (status, code) => {
    const client = await session(error(status, code));
    expect(await client.ask('set', {})).toMatchObject({ outcome: 'failed' });
  });

  it.each([
    [500, 'OUTCOME_UNKNOWN'],
    [503, 'ABORTED'],
    [503, 'NODE_CRASHED'],
    [500, ''],
  ])('from %d with %j that it knows nothing', async (status, code) => {
    const client = await session(error(status, code));
    expect(await client.ask('set', {})).toMatchObject({ outcome: 'unknown' });
  });

  it('that nothing was done when nobody listens', async () => {
    const nobody = new Session(0, { host: 0, daemon: { socketPath: socketPath() } });
    expect(await nobody.ask('set', {})).toMatchObject({ outcome: 'failed' });
  });

  it.each<[string, RequestListener]>([
    ['the connection ends', (request) => request.socket.destroy()],
    ['no answer comes in time', () => undefined],
  ])('that it knows nothing when %s', async (_, answer) => {
    const client = await session(answer, 300);
    expect(await client.ask('set', {})).toMatchObject({ outcome: 'unknown' });
  });
});
