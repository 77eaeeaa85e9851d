/** Plain HTTP requests on real sockets, without any client of ours. */
import { once } from 'node:events';
import { type ClientRequest, IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';

const LIMIT_MS = 60_000;

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** The payload of a success envelope. */
  readonly metadata: unknown;
  /** The text of an error envelope, else empty. */
  readonly error: string;
  /** The machine-readable code of an error, else empty. */
  readonly code: string;
}

export function overSocket(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  limitMs = LIMIT_MS,
): Promise<Answer> {
  // A connection kept from before may be one to a process that was killed since.
  return send(
    (options) => httpRequest({ socketPath, agent: false, ...options }),
    method,
    path,
    body,
    limitMs,
  );
}

export function overTls(
  address: string,
  tls: Pick<RequestOptions, 'cert' | 'key' | 'ca' | 'servername' | 'rejectUnauthorized'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const { hostname: host, port } = new URL(`https://${address}`);
  return send(
    (options) =>
      httpsRequest({ host, port, ...tls, minVersion: 'TLSv1.3', agent: false, ...options }),
    method,
    path,
    body,
  );
}

async function send(
  open: (options: RequestOptions) => ClientRequest,
  method: string,
  path: string,
  body: unknown,
  limitMs = LIMIT_MS,
): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const signal = AbortSignal.timeout(limitMs);
  const request = open({
    method,
    path,
    signal,
    headers:
      payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
  });
  // What is still to be sent when the answer has come may fail.
  request.on('error', () => undefined);
  request.end(payload);
  const [response]: unknown[] = await once(request, 'response');
  if (!(response instanceof IncomingMessage)) throw new Error(`${method} ${path}: no answer`);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(Buffer.from(chunk));
  const code = response.headers['x-microcluster-error'];
  return answerOf(
    response.statusCode ?? 0,
    Buffer.concat(chunks).toString('utf8'),
    typeof code === 'string' ? code : '',
  );
}

function answerOf(status: number, text: string, code: string): Answer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const envelope = typeof json === 'object' && json !== null ? json : {};
  return {
    status,
    text,
    json,
    metadata: 'metadata' in envelope ? envelope.metadata : undefined,
    error: 'error' in envelope && typeof envelope.error === 'string' ? envelope.error : '',
    code,
  };
}
