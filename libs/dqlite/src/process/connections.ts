/** The connections that we carry for a node, and whose they are: what has to be cut when trust ends or the node stops. */
import type { Duplex } from 'node:stream';
import { splice } from '../transport/splice.js';
import { watchKind, type ConnectionKind } from './connection-kind.js';

interface Carried<Owner> {
  readonly owner: Owner;
  readonly ends: readonly [Duplex, Duplex];
  kind: ConnectionKind;
}

/** Joined pairs of streams, each with an owner. */
export class Connections<Owner> {
  readonly #carried = new Set<Carried<Owner>>();

  get size(): number {
    return this.#carried.size;
  }

  /** Joins a peer's stream and the engine's until either ends. */
  join(owner: Owner, peer: Duplex, engine: Duplex): void {
    const carried: Carried<Owner> = { owner, ends: [peer, engine], kind: 'unknown' };
    this.#carried.add(carried);
    watchKind(peer, (kind) => {
      carried.kind = kind;
    });
    void splice(peer, engine).then(() => this.#carried.delete(carried));
  }

  /** Cuts the connections that `condemned` picks. */
  cut(condemned: (owner: Owner, kind: ConnectionKind) => boolean): void {
    for (const { owner, kind, ends } of this.#carried) {
      if (condemned(owner, kind)) for (const end of ends) end.destroy();
    }
  }
}
