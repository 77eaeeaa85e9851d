/** The interface of whatever runs a native dqlite node for us: a supervised child process, or this process in tests. */
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { NodeInfo } from './values.js';

/** A key pair that this node shows to its peers, PEM encoded. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * How Raft traffic reaches the peers.
 *
 * - `tcp`: libdqlite listens on the node's address itself and dials its peers directly.
 * - `tls`: a TLS listener of our own on the node's address; plain dqlite inside (`spec/dqlite.md` C.8).
 * - `tunnel`: no listener; sockets are handed in by the owner of the Core API port, and peers are dialled
 *   through their Core API (`spec/core-api.md` 11).
 */
export type NodeTransport =
  | { readonly kind: 'tcp' }
  | { readonly kind: 'tls'; readonly identity: TlsIdentity; readonly trusted: string }
  | ({ readonly kind: 'tunnel' } & TunnelTrust);

/** What a node in `tunnel` mode believes; replaced as a whole by {@link NodeHost.updateTrust}. */
export interface TunnelTrust {
  /** Presented to peers when dialling: this member's server certificate. */
  readonly identity: TlsIdentity;
  /** Presented to peers that dial us: the cluster certificate. */
  readonly serving: TlsIdentity;
  /** The cluster certificates (PEM) that a dialled peer may present; more than one during a rotation. */
  readonly trustedServers: readonly string[];
  /** The certificates (PEM) of members whose connections are accepted. */
  readonly trustedPeers: readonly string[];
  /** Where peers are dialled, by address, instead of at their address: what stands between members in a test. */
  readonly routes?: Readonly<Record<string, string>>;
}

export interface NodeStartOptions {
  readonly id: bigint;
  readonly address: string;
  /** Existing directory that holds the Raft files. */
  readonly directory: string;
  readonly transport: NodeTransport;
  readonly failureDomain?: bigint;
  /** Expected one-way latency, milliseconds, 1 to 3,600,000. Election timeout is 15 times it. Default 200: an election takes at most some 3 s, and a stall of the database process below that costs nothing. */
  readonly networkLatencyMs?: number;
  /** Entries between two snapshots and entries kept after one. Default 1024 each. */
  readonly snapshot?: { readonly threshold: number; readonly trailing: number };
}

export type NodeStatus = 'stopped' | 'starting' | 'running' | 'restarting' | 'stopping' | 'failed';

/** Runs one native node. Methods reject with a `DqliteError`; `NODE_STATE` means it was used in the wrong state. */
export interface NodeHost {
  readonly status: NodeStatus;
  /** Resolves when the node accepts connections. */
  start(options: NodeStartOptions, signal?: AbortSignal): Promise<void>;
  /** A stream to the engine of the local node, whatever the transport. */
  dialLocal(signal: AbortSignal): Promise<Duplex>;
  /** Takes over an inbound TCP socket whose ClientHello offered our ALPN name; `head` is what was read of it. */
  acceptRaw(socket: Socket, head: Buffer): void;
  /** Takes over an inbound, already authenticated byte stream (a Go peer's upgraded connection). Ends when `peerCertificate` (PEM) loses trust. */
  acceptStream(stream: Duplex, peerCertificate: string): void;
  /** Replaces keys and trust; connections of peers that are no longer trusted end within a second. */
  updateTrust(trust: TunnelTrust): Promise<void>;
  /** Drains clients, then stops the node. Idempotent. */
  stop(signal?: AbortSignal): Promise<void>;
  /** Rewrites the Raft configuration of a stopped node (`spec/dqlite.md` C.7). */
  recover(directory: string, members: readonly NodeInfo[]): Promise<void>;
  /** Called on each change of {@link status}; returns an unsubscribe function. */
  onStatus(listener: (status: NodeStatus, reason?: Error) => void): () => void;
}
