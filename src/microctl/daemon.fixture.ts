/** A small HTTP server on a unix socket that answers as a daemon does, for tests of what is printed. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What was asked: method, path with query, and body. */
export type Asked = readonly [string, string, unknown];

/** An answer's payload, or the status and text of an error. */
export type Reply =
  | { readonly metadata: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: number; readonly error: string }
  /** Server-sent events; the stream ends after them. */
  | { readonly events: readonly object[] }
  /** The beginning of a reply that never ends, as from a daemon that freezes while it sends. */
  | { readonly beginning: string; readonly type?: string };

/**
 * Serves `replies` in order until the test is over.
 *
 * @returns the state directory to pass to a command, and what was asked so far
 */
export async function fakeDaemon(
  ...replies: readonly Reply[]
): Promise<{ stateDir: string; asked: Asked[] }> {
  const stateDir = await mkdtemp(join(tmpdir(), 'microctl-'));
  const asked: Asked[] = [];
  const left = [...replies];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString('utf8');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    asked.push([request.method ?? '', request.url ?? '', body]);
    const reply = left.shift() ?? { status: 500, error: 'asked too often' };
    if ('events' in reply) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(reply.events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
      return;
    }
    if ('beginning' in reply) {
      response.writeHead(200, { 'content-type': reply.type ?? 'application/octet-stream' });
      response.flushHeaders();
      response.write(reply.beginning);
      return;
    }
    const failed = 'error' in reply;
    response.writeHead(failed ? reply.status : 200, {
      'content-type': 'application/json',
      ...(failed ? {} : reply.headers),
    });
    response.end(
      JSON.stringify({
        type: failed ? 'error' : 'sync',
        status: failed ? '' : 'Success',
        status_code: failed ? 0 : 200,
        operation: '',
        error_code: failed ? reply.status : 0,
        error: failed ? reply.error : '',
        metadata: failed ? null : reply.metadata,
      }),
    );
  });
  server.listen(join(stateDir, 'control.socket'));
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await rm(stateDir, { recursive: true, force: true });
  });
  return { stateDir, asked };
}
