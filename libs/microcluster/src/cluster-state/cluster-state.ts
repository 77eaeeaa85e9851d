/** What a handler or hook may know of its member and cluster, and do with them (`spec/core-api.md` 18.2). */
import type { DqliteDataSource, NodeInfo } from '@microcluster/dqlite';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { EntityManager } from 'typeorm';
import type { MicroclusterClient } from '../client/index.js';
import type { SchemaVersions } from '../database/index.js';
import { MicroclusterError } from '../errors/index.js';
import type { Daemon } from '../lifecycle/daemon.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { MemberRuntime } from '../lifecycle/member-runtime.js';
import type { SchemaGate } from '../lifecycle/schema-gate.js';
import type { PeerAnswer, Peers } from '../membership/peers.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { DeclaredServers } from '../servers/declared-servers.js';
import type { StateDirectory } from '../state/index.js';
import type { TrustedMember, TrustStore } from '../trust/index.js';

/** The daemon's parts that the state shows. */
export interface ClusterStateParts {
  readonly args: ParsedDaemonArgs;
  readonly directory: StateDirectory;
  readonly identity: MemberIdentity;
  readonly trust: TrustStore;
  readonly daemon: Daemon;
  readonly runtime: MemberRuntime;
  readonly schema: SchemaGate;
  readonly peers: Peers;
  readonly dataSource: DqliteDataSource;
  readonly servers: DeclaredServers;
}

/** Where a member keeps what it must remember; all absolute. */
export interface StatePaths {
  readonly root: string;
  readonly database: string;
  readonly trustStore: string;
  readonly certificates: string;
  readonly controlSocket: string;
}

/**
 * This member and its cluster, as seen now. Injectable anywhere, and part of the context of every hook.
 *
 * @example
 * constructor(private readonly cluster: ClusterState) {}
 */
export class ClusterState {
  constructor(private readonly parts: ClusterStateParts) {}

  /** This member's name; the host's before initialisation. */
  get name(): string {
    return this.parts.identity.name;
  }

  /** This member's `ip:port`; empty before initialisation. */
  get address(): string {
    return this.parts.identity.address;
  }

  /** The application's version. */
  get version(): string {
    return this.parts.args.version;
  }

  get paths(): StatePaths {
    const { directory } = this.parts;
    return {
      root: directory.path,
      database: directory.databasePath,
      trustStore: directory.truststorePath,
      certificates: directory.certificatesPath,
      controlSocket: directory.controlSocketPath,
    };
  }

  /** This member's own certificate, PEM: its identity towards the others. */
  get serverCertificate(): string {
    return this.parts.identity.server.certificate;
  }

  /** The certificate that all members show, PEM. @throws MicroclusterError `NOT_INITIALISED` */
  get clusterCertificate(): string {
    return this.parts.identity.cluster.certificate;
  }

  /** Whether the database is open, with the status text of the Core API. */
  get databaseStatus(): { readonly open: boolean; readonly text: string } {
    const { open, text } = this.parts.daemon.databaseStatus();
    return { open, text };
  }

  /** The schema that this release brings the database to. */
  get schemaVersions(): SchemaVersions {
    return this.parts.schema.versions;
  }

  /** The members that are trusted at this moment, this one included. */
  get trustedMembers(): readonly TrustedMember[] {
    return this.parts.trust.list();
  }

  /** Names of the servers whose listeners can be configured while the daemon runs (`spec/core-api.md` 22.5). */
  get additionalServers(): readonly string[] {
    return this.parts.servers.additional.map((server) => server.name);
  }

  /** Whether this release has an API extension; every member has the same ones. */
  hasExtension(name: string): boolean {
    return this.parts.schema.extensions.includes(name);
  }

  /** Runs `work` in a transaction of the replicated database. @throws DqliteError `NOT_OPEN` before it is open */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.parts.dataSource.transaction(work);
  }

  /** The database nodes with their roles, from the leader. */
  databaseMembers(signal: AbortSignal = this.limit()): Promise<readonly NodeInfo[]> {
    return this.parts.runtime.opened.members(signal);
  }

  /** Address of the leader. @throws MicroclusterError 503 when there is none within the request limit */
  async leaderAddress(signal: AbortSignal = this.limit()): Promise<string> {
    const leader = await this.parts.runtime.opened.leader(signal);
    if (leader === undefined) {
      throw new MicroclusterError('UNAVAILABLE', {
        reason: 'The cluster has no leader at the moment; try again in a few seconds',
      });
    }
    return leader;
  }

  /** Whether this member leads the database right now. */
  async isLeader(signal?: AbortSignal): Promise<boolean> {
    return (await this.leaderAddress(signal)) === this.address;
  }

  /**
   * Asks the leader one question.
   *
   * @throws MicroclusterClientError when the leader refuses or cannot be reached; MicroclusterError 503 without one
   */
  async askLeader<T>(question: (client: MicroclusterClient) => Promise<T>): Promise<T> {
    return this.parts.peers.with(await this.leaderAddress(), question);
  }

  /** Asks the member called `name` one question. @throws MicroclusterError 404 when nobody of that name is trusted */
  async askMember<T>(
    name: string,
    question: (client: MicroclusterClient) => Promise<T>,
  ): Promise<T> {
    const member = this.parts.trust.byName(name);
    if (member === undefined) {
      throw new MicroclusterError('RECORD_NOT_FOUND', { what: `Cluster member "${name}"` });
    }
    return this.parts.peers.with(member.address, question);
  }

  /**
   * Asks all other members at once and waits for every answer; in a cluster of one the list is empty.
   *
   * @param question pass `notification: true` with a call that the others would pass on in turn
   * @returns an answer or an error for each of them; never rejects because of one
   */
  askOthers<T>(
    question: (client: MicroclusterClient, member: TrustedMember) => Promise<T>,
  ): Promise<PeerAnswer<T>[]> {
    return this.parts.peers.ask(this.parts.peers.others(), question);
  }

  private limit(): AbortSignal {
    return AbortSignal.any([this.parts.daemon.signal, timeLimit(this.parts.args.timeouts.request)]);
  }
}
