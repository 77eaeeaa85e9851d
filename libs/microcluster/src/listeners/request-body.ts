/** Reading the body of a Core API request: bounded, JSON whatever its Content-Type says. */
import type { IncomingMessage } from 'node:http';
import { MicroclusterError } from '../errors/index.js';
import { parseJson } from '../types/json.js';

/**
 * Reads the whole body.
 *
 * @param limit most bytes to accept
 * @throws MicroclusterError `BODY_TOO_LARGE` (413), or `MALFORMED_BODY` (400) when the client breaks off
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) throw new MicroclusterError('BODY_TOO_LARGE', { limit });
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    const settle = () => {
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        settle();
        reject(new MicroclusterError('BODY_TOO_LARGE', { limit }));
        return;
      }
      chunks.push(chunk);
    };
    const onEnd = () => {
      settle();
      resolve(Buffer.concat(chunks, length));
    };
    const onBroken = () => {
      settle();
      reject(new MicroclusterError('MALFORMED_BODY', { reason: 'the client broke off' }));
    };
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

/**
 * Parses a body as JSON.
 *
 * @returns `undefined` for an empty body
 * @throws MicroclusterError `MALFORMED_BODY` (400) that says what is wrong with it
 */
export function parseRequestBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return parseJson(body.toString('utf8'));
  } catch (cause) {
    const detail = cause instanceof Error ? (cause.cause ?? cause) : cause;
    const reason = detail instanceof Error ? detail.message : String(detail);
    throw new MicroclusterError('MALFORMED_BODY', { reason }, { cause });
  }
}
