/** The member list with the status of each member, found by asking all of them at once (`spec/core-api.md` 9.4). */
import type { MemberRow } from '../database/index.js';
import { MicroclusterError, statusOf } from '../errors/index.js';
import { extensionsEqual } from '../extensions/index.js';
import type { DatabaseStatus } from '../lifecycle/life-cycle.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { SchemaGate } from '../lifecycle/schema-gate.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { ClusterMember } from '../types/index.js';
import type { ClusterRecords } from './cluster-records.js';
import type { SeenMembers } from './last-seen-members.js';
import type { Peers } from './peers.js';

/** The members, and how old the knowledge of them is. */
export interface ListedMembers {
  readonly members: ClusterMember[];
  /** Milliseconds since the rows were read, when nobody leads the database now; else `undefined`. */
  readonly ageMs: number | undefined;
}

/** Reads the member table and asks who is there. */
export class MemberList {
  constructor(
    private readonly args: ParsedDaemonArgs,
    private readonly status: () => DatabaseStatus,
    private readonly identity: MemberIdentity,
    private readonly records: ClusterRecords,
    private readonly schema: SchemaGate,
    private readonly peers: Peers,
  ) {}

  /**
   * All members ordered by name. The table is read and every member is asked at once, so that the answer takes
   * hardly longer than the probe limit, however many cannot be reached. While nobody leads the database, the
   * rows are those that this member read last.
   *
   * @throws MicroclusterError 503 with the status text while there is no database; the database's own error
   *   when it has no leader, and nothing was read before
   */
  async read(): Promise<ListedMembers> {
    const status = this.status();
    if (!status.transactions) {
      throw new MicroclusterError('UNAVAILABLE', { reason: status.text });
    }
    const probes = new Map<string, ReturnType<MemberList['probe']>>();
    const probe = ({ name, address }: MemberRow) => {
      const running = probes.get(address) ?? this.probe(name, address);
      probes.set(address, running);
      return running;
    };
    if (status.open) this.records.lastSeenMembers()?.rows.forEach(probe);
    const { rows, ageMs } = await this.rows();
    const members = await Promise.all(
      rows.map(async (row) => ({
        name: row.name,
        address: row.address,
        certificate: row.certificate,
        role: row.role,
        schema_internal_version: row.schemaInternal,
        schema_external_version: row.schemaExternal,
        last_heartbeat: row.heartbeat,
        status: status.open ? await probe(row) : this.upgradeStatus(row),
        extensions: [...(row.extensions ?? [])],
        secret: '',
      })),
    );
    return { members, ageMs };
  }

  /** The rows of the table, or those that were read before when it has no leader that would answer in time. */
  private async rows(): Promise<Pick<ListedMembers, 'ageMs'> & Pick<SeenMembers, 'rows'>> {
    const limits = { deadlineMs: this.args.timeouts.probe };
    try {
      const rows = await this.records.read(({ members }) => members.list(), limits);
      return { rows, ageMs: undefined };
    } catch (error) {
      const seen = statusOf(error) === 503 ? this.records.lastSeenMembers() : undefined;
      if (seen === undefined) throw error;
      return { rows: seen.rows, ageMs: performance.now() - seen.at };
    }
  }

  private async probe(name: string, address: string): Promise<'ONLINE' | 'UNREACHABLE'> {
    if (name === this.identity.name) {
      return 'ONLINE';
    }
    const timeoutMs = this.args.timeouts.probe;
    try {
      await this.peers.with(address, (client) => client.ready({ timeoutMs }));
      return 'ONLINE';
    } catch {
      return 'UNREACHABLE';
    }
  }

  private upgradeStatus(row: MemberRow): 'UPGRADING' | 'NEEDS UPGRADE' {
    const { internal, external } = this.schema.versions;
    const behind =
      row.schemaInternal < internal ||
      row.schemaExternal < external ||
      !extensionsEqual(this.schema.extensions, row.extensions ?? []);
    return behind ? 'NEEDS UPGRADE' : 'UPGRADING';
  }
}
