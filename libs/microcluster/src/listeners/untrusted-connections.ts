/** Bounds what callers that are no members of the cluster can take of a listener's memory and descriptors. */
import type { Socket } from 'node:net';

/**
 * The connections of a network listener whose callers have not shown a member's certificate, those in their
 * handshake included. When there are too many, the one that has been without a new request for longest makes
 * room: to refuse the new one instead would let a few silent callers lock out everybody, members too, who are
 * strangers until their handshake is over.
 */
export class UntrustedConnections {
  private readonly quietestFirst = new Set<Socket>();

  /** @param limit most connections, at least 1 */
  constructor(private readonly limit: number) {}

  /** How many there are. */
  get size(): number {
    return this.quietestFirst.size;
  }

  /** Counts an accepted socket until it closes, and destroys another one when that is one too many. */
  add(raw: Socket): void {
    const [quietest] = this.quietestFirst;
    if (quietest !== undefined && this.size >= this.limit) {
      this.quietestFirst.delete(quietest);
      quietest.destroy();
    }
    this.quietestFirst.add(raw);
    raw.once('close', () => {
      this.quietestFirst.delete(raw);
    });
  }

  /** A request began on it. */
  touch(raw: Socket): void {
    if (this.quietestFirst.delete(raw)) this.quietestFirst.add(raw);
  }

  /** It counts no more: its caller is a member, or another process has taken it. */
  release(raw: Socket): void {
    this.quietestFirst.delete(raw);
  }
}
