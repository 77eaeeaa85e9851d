/** What the daemon needs of the engine that holds the cluster's data: replicated (dqlite) or embedded (sqlite). */
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { NodeInfo, NodeStatus, SqlEngine, TunnelTrust } from '@microcluster/dqlite';
import type { EngineName } from '../options/index.js';

/** How the engine comes up (`spec/core-api.md` 12.1). */
export type OpenPlan =
  | { readonly kind: 'bootstrap' }
  | { readonly kind: 'join'; readonly addresses: readonly string[] }
  | { readonly kind: 'restart' };

/** What is needed to open the engine, whatever the plan. */
export interface OpenOptions {
  readonly plan: OpenPlan;
  /** This member's `ip:port`, the same that its peers dial. */
  readonly address: string;
  /** The directory of the engine's files. */
  readonly directory: string;
  readonly trust: TunnelTrust;
  readonly signal: AbortSignal;
}

/** What a round of the engine's background loop has found. */
export interface EngineRound {
  readonly isLeader: boolean;
  /** Address of the leader that the round was done with. */
  readonly leader: string;
  readonly members: readonly NodeInfo[];
}

/** The replication as its leader sees it. */
export interface EngineView {
  /** Address of the leader; `undefined` when there is none. */
  readonly leader: string | undefined;
  readonly members: readonly NodeInfo[];
}

/** The part of an engine that changes of membership need. */
export type ReplicationMembers = Pick<
  OpenEngine,
  'leader' | 'members' | 'removeMember' | 'transferLeadership'
>;

/** One open engine. Every method but `close` rejects once it is closed. */
export interface OpenEngine {
  readonly name: EngineName;
  /** Process id of the database process; `undefined` while there is none, and for an engine in this process. */
  readonly processId: number | undefined;
  /** How the database process is; always `running` for an engine in this process. */
  readonly nodeStatus: NodeStatus;
  /** The SQL side, for the data source. */
  readonly sql: SqlEngine;
  /** Resolves when the engine has found its place in the cluster; its peers must be able to reach it meanwhile. */
  ready(signal: AbortSignal): Promise<void>;
  /** Address of the current leader, `undefined` when there is none right now. */
  leader(signal: AbortSignal): Promise<string | undefined>;
  /** Leader and nodes at one moment; the nodes are missing while there is no leader. */
  view(signal: AbortSignal): Promise<EngineView>;
  /** The nodes with their roles. */
  members(signal: AbortSignal): Promise<readonly NodeInfo[]>;
  /** Takes a node out of the replication, by id; one that is already gone is no error. */
  removeMember(id: bigint, signal: AbortSignal): Promise<void>;
  /**
   * Makes another member the leader, giving it a vote first where nobody else has one.
   * @throws MicroclusterError when there is nobody who could lead
   */
  transferLeadership(signal: AbortSignal): Promise<void>;
  /** Calls `listener` when the cluster has taken this member out of the replication; the engine is dead then. */
  onRemoved(listener: () => void): void;
  /** Inbound TCP socket of a member that speaks our ALPN name. */
  acceptRaw(socket: Socket, head: Buffer): void;
  /** Inbound, authenticated byte stream of a member. */
  acceptStream(stream: Duplex, peerCertificate: string): void;
  /** A stream to the local engine, for the control socket. */
  dialLocal(signal: AbortSignal): Promise<Duplex>;
  /** Replaces keys and trusted members. */
  updateTrust(trust: TunnelTrust): Promise<void>;
  /** Hands leadership and voter role to another member, as far as there is one. */
  handover(signal: AbortSignal): Promise<void>;
  /** Stops the engine. Idempotent. */
  close(): Promise<void>;
}
