/** What the access decision needs to know about the daemon; the daemon provides it. */

/** A member of the cluster as the trust store knows it. */
export interface TrustedPeer {
  readonly name: string;
  readonly address: string;
}

/** The state of the database as requests meet it. */
export interface DatabaseView {
  readonly open: boolean;
  /** Whether it is open for the daemon itself: true also while it waits for an upgrade. Default: as `open`. */
  readonly transactions?: boolean;
  /** The status text (`spec/core-api.md` 20.1) that says why it is not open. */
  readonly text: string;
}

/** The daemon as the listeners see it. Every method is called for each request and must be cheap. */
export interface DaemonView {
  /** Whether the daemon has begun to stop. */
  isShuttingDown(): boolean;
  /** What requests may expect of the database. */
  databaseStatus(): DatabaseView;
  /** This daemon's own `ip:port`; empty before initialisation. */
  address(): string;
  /** The member whose certificate has this fingerprint (lower-case hex SHA-256 of the DER), if trusted. */
  trustedMember(fingerprint: string): TrustedPeer | undefined;
  /** Whether the pre-init listener currently trusts everybody (`spec/core-api.md` 7.1). */
  preInitTrustsEverybody(): boolean;
}

/** What is true until a daemon is attached: nothing is open, nobody is trusted. */
export const DETACHED_VIEW: DaemonView = {
  isShuttingDown: () => false,
  databaseStatus: () => ({ open: false, text: 'Database is not yet initialized' }),
  address: () => '',
  trustedMember: () => undefined,
  preInitTrustsEverybody: () => false,
};
