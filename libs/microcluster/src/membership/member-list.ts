/** The member list with the status of each member, found by asking all of them at once (`spec/core-api.md` 9.4). */
import type { MemberRow } from '../database/index.js';
import { MicroclusterError } from '../errors/index.js';
import { extensionsEqual } from '../extensions/index.js';
import type { DatabaseStatus } from '../lifecycle/life-cycle.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { SchemaGate } from '../lifecycle/schema-gate.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { ClusterMember } from '../types/index.js';
import type { ClusterRecords } from './cluster-records.js';
import type { Peers } from './peers.js';

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
   * All members ordered by name. Every member is asked at once, so that the answer takes at most the probe
   * limit however many are unreachable.
   *
   * @throws MicroclusterError 503 with the status text while there is no database
   */
  async read(): Promise<ClusterMember[]> {
    const status = this.status();
    if (!status.transactions) {
      throw new MicroclusterError('UNAVAILABLE', { reason: status.text });
    }
    const rows = await this.records.read(({ members }) => members.list());
    return Promise.all(
      rows.map(async (row) => ({
        name: row.name,
        address: row.address,
        certificate: row.certificate,
        role: row.role,
        schema_internal_version: row.schemaInternal,
        schema_external_version: row.schemaExternal,
        last_heartbeat: row.heartbeat,
        status: status.open ? await this.probe(row) : this.upgradeStatus(row),
        extensions: [...(row.extensions ?? [])],
        secret: '',
      })),
    );
  }

  private async probe(row: MemberRow): Promise<'ONLINE' | 'UNREACHABLE'> {
    if (row.name === this.identity.name) {
      return 'ONLINE';
    }
    const timeoutMs = this.args.timeouts.probe;
    try {
      await this.peers.with(row.address, (client) => client.ready({ timeoutMs }));
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
