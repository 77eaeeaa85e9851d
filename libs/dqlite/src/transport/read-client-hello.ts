/** Waits for the ClientHello on an accepted TCP socket. */
import type { Socket } from 'node:net';
import { ClientHelloReader, type ClientHello } from './client-hello.js';

export interface ReadClientHelloOptions {
  /** Longest wait for a complete ClientHello, milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /** Most bytes to read. Default 16,384. */
  readonly maxBytes?: number;
}

const DEFAULT_DEADLINE_MS = 5_000;

/**
 * Reads a ClientHello from a socket on which nobody else listens yet. The socket is left paused:
 * whoever serves it must be given `head`, by `socket.unshift(head)` or beside it.
 *
 * @returns the offered protocols and every byte read
 * @throws Error when it takes too long, is too long, or the peer goes away; the socket is then destroyed
 */
export function readClientHello(
  socket: Socket,
  { deadlineMs = DEFAULT_DEADLINE_MS, maxBytes }: ReadClientHelloOptions = {},
): Promise<ClientHello> {
  return new Promise((resolve, reject) => {
    const reader = new ClientHelloReader(maxBytes);
    const settle = () => {
      clearTimeout(timer);
      socket.pause();
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', fail);
    };
    const fail = (error: Error) => {
      settle();
      socket.on('error', () => undefined).destroy();
      reject(error);
    };
    const onData = (segment: Buffer) => {
      let hello: ClientHello | undefined;
      try {
        hello = reader.push(segment);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      if (hello === undefined) return;
      settle();
      resolve(hello);
    };
    const onEnd = () => fail(new Error('The peer went away before its TLS ClientHello'));
    const timer = setTimeout(
      () => fail(new Error(`No complete TLS ClientHello came within ${deadlineMs} ms`)),
      deadlineMs,
    );
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', fail);
    // Needed where the listener pauses what it accepts.
    socket.resume();
  });
}
