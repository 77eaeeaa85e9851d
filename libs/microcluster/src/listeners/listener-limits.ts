/** Limits on what connections may cost a listener. */

/** All times in milliseconds. */
export interface ListenerLimits {
  /** Until a complete ClientHello came. Default 5,000. */
  readonly clientHelloTimeoutMs: number;
  /** From the ClientHello to the end of the TLS handshake. Default 10,000. */
  readonly handshakeTimeoutMs: number;
  /** From the connection, or the first byte of a further request, to the end of its headers. Default 15,000. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last of its body. Default 300,000. */
  readonly requestTimeoutMs: number;
  /** How long a connection may idle between requests. Default 60,000. */
  readonly keepAliveTimeoutMs: number;
  /** Largest header section, bytes. Default 65,536. */
  readonly maxHeaderBytes: number;
  /** How often the limits are checked. Default 1,000. */
  readonly checkIntervalMs: number;
  /** Most connections over TLS whose callers are no members, at least 1. Default 1,024. */
  readonly maxUntrustedConnections: number;
}

export const DEFAULT_LISTENER_LIMITS: ListenerLimits = {
  clientHelloTimeoutMs: 5_000,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 60_000,
  maxHeaderBytes: 65_536,
  checkIntervalMs: 1_000,
  maxUntrustedConnections: 1_024,
};
