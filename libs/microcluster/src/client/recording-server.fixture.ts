/** A real HTTP server on a socket or a TLS port that records requests and answers as a test says. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { KeyPair } from '../certificates/index.js';

export interface RecordedRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** DER of the client's certificate; undefined without one. */
  readonly clientCertificate: Buffer | undefined;
}

export interface Answer {
  readonly status?: number;
  readonly text?: string;
}

export interface RecordingServer {
  readonly requests: RecordedRequest[];
  /** Sockets that connected so far. */
  readonly connections: Socket[];
  readonly port: number;
  answer: (request: RecordedRequest, reply: http.ServerResponse) => Answer | undefined;
  close(): Promise<void>;
}

/** The success envelope around `metadata`, which is JSON text. */
export const success = (metadata = '{}'): string =>
  `{"type":"sync","status":"Success","status_code":200,"operation":"","error_code":0,"error":"","metadata":${metadata}}\n`;

/** The error envelope. */
export const failure = (status: number, error: string): string =>
  `{"type":"error","status":"","status_code":0,"operation":"","error_code":${status},"error":${JSON.stringify(error)},"metadata":null}\n\n`;

/** Listens on a socket path, or with a key pair on a free port of 127.0.0.1. */
export async function startRecordingServer(
  where: { readonly path: string } | { readonly keyPair: KeyPair },
): Promise<RecordingServer> {
  const handle = (request: http.IncomingMessage, reply: http.ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const recorded = record(request, Buffer.concat(chunks).toString());
      server.requests.push(recorded);
      const answer = server.answer(recorded, reply);
      if (answer === undefined) return;
      reply.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
      reply.end(answer.text ?? success());
    });
  };
  const listener =
    'path' in where
      ? http.createServer(handle)
      : https.createServer(
          {
            cert: where.keyPair.certificate,
            key: where.keyPair.privateKey,
            requestCert: true,
            rejectUnauthorized: false,
            minVersion: 'TLSv1.3',
          },
          handle,
        );
  const connections: Socket[] = [];
  listener.on('connection', (socket: Socket) => connections.push(socket));
  if ('path' in where) listener.listen(where.path);
  else listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const server: RecordingServer = {
    requests: [],
    connections,
    port: isAddressInfo(address) ? address.port : 0,
    answer: () => ({}),
    async close() {
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
  return server;
}

function record(request: http.IncomingMessage, body: string): RecordedRequest {
  const { method, url, headers } = request;
  return { method, url, headers, body, clientCertificate: certificateOf(request.socket) };
}

function certificateOf(socket: Socket | TLSSocket): Buffer | undefined {
  return 'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate()?.raw : undefined;
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
