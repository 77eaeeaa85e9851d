/** The network between the members, as far as a fault can be done to it. */

/** From one host to another, by their numbers, counted from 0. */
export interface Link {
  readonly from: number;
  readonly to: number;
}

/** What is wrong with a link, in this one direction. */
export interface LinkCondition extends Link {
  /** Nothing arrives, and nobody is told. */
  readonly isCut?: boolean;
  /** Of what is sent, percent that does not arrive at the first attempt. */
  readonly lossPercent?: number;
  /** Milliseconds that everything arrives later. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
}

/** How a process gets its place in the network. */
export interface Placement {
  /** The command and arguments that go before the process's own. */
  readonly prefix: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Network extends AsyncDisposable {
  readonly kind: 'namespaces' | 'loopback';
  /** `ip:port` of each host. */
  readonly addresses: readonly string[];
  placement(host: number): Placement;
  /** From now on these conditions hold and no others; none means that the network is whole. */
  shape(conditions: readonly LinkCondition[]): Promise<void>;
  /** Undoes everything that was made. Idempotent. */
  close(): Promise<void>;
}
