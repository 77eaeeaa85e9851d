/** Joins two byte streams, so that each receives what the other sends. */
import type { Duplex } from 'node:stream';

/**
 * Passes bytes both ways with backpressure. An end of one side becomes an end of the other, which may
 * go on sending; a failure or close of one closes the other after what was sent to it was flushed.
 *
 * @returns resolves when both are closed; never rejects
 */
export function splice(a: Duplex, b: Duplex): Promise<void> {
  forward(a, b);
  forward(b, a);
  return Promise.all([closed(a), closed(b)]).then(() => undefined);
}

function forward(from: Duplex, to: Duplex): void {
  from.on('data', (chunk: Buffer) => {
    if (to.destroyed || to.writableEnded) return;
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => {
    if (!to.destroyed && !to.writableEnded) to.end();
  });
  from.on('error', () => to.destroy());
  from.on('close', () => {
    if (to.destroyed) return;
    if (to.writableLength === 0) to.destroy();
    else to.end(() => to.destroy());
  });
  if (from.destroyed) to.destroy();
  else from.resume();
}

function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', resolve);
  });
}
