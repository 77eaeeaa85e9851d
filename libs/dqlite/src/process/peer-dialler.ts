/** Gives libdqlite sockets to its peers where bytes pass through us: over TLS, a tunnel, or an address that needs resolving. */
import { timeLimit } from '../time-limit.js';
import type { Duplex } from 'node:stream';
import { connectedPair } from '../native/dial-fd.js';
import { Connections } from './connections.js';
import { wrap } from './engine-port.js';

/** Opens a stream to a peer; reports the fingerprint of the certificate that it presented, if any. */
export type PeerDial = (
  address: string,
  signal: AbortSignal,
) => Promise<{ readonly stream: Duplex; readonly fingerprint: string | undefined }>;

/** As long as libdqlite's own dialling may take. */
const DIAL_MS = 5_000;

/**
 * The connect function of a node: returns one end of a socket pair at once, and joins the other to
 * the peer when that was dialled. A failed dial closes the pair, and libdqlite tries again.
 */
export class PeerDialler {
  /** By the fingerprint of the dialled peer's certificate. */
  readonly connections = new Connections<string | undefined>();
  readonly #dial: PeerDial;
  readonly #closing = new AbortController();

  constructor(dial: PeerDial) {
    this.#dial = dial;
  }

  readonly connect = (address: string): number => {
    if (this.#closing.signal.aborted) throw new Error('the node is stopping');
    const [theirs, ours] = connectedPair();
    void this.#join(address, wrap(ours));
    return theirs;
  };

  /** Ends every connection and refuses new ones. */
  close(): void {
    this.#closing.abort();
    this.connections.cut(() => true);
  }

  async #join(address: string, engine: Duplex): Promise<void> {
    engine.on('error', () => engine.destroy());
    const signal = AbortSignal.any([this.#closing.signal, timeLimit(DIAL_MS)]);
    try {
      const { stream, fingerprint } = await this.#dial(address, signal);
      if (this.#closing.signal.aborted) stream.destroy();
      this.connections.join(fingerprint, stream, engine);
    } catch {
      engine.destroy();
    }
  }
}
