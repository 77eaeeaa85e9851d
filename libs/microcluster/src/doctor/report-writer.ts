/** Writes this member's report: everything in it is read now, and what cannot be read is left empty. */
import { X509Certificate } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { timeLimit } from '@microcluster/dqlite/time-limit';
import type { Daemon } from '../lifecycle/daemon.js';
import type { MemberIdentity } from '../lifecycle/member-identity.js';
import type { MemberRuntime } from '../lifecycle/member-runtime.js';
import type { SchemaGate } from '../lifecycle/schema-gate.js';
import type { ParsedDaemonArgs } from '../options/index.js';
import type { StateDirectory } from '../state/index.js';
import type { TrustStore } from '../trust/index.js';
import { zeroTime } from '../types/time.js';
import type { MemberReport } from './report.js';

/** The database gets this long to name its leader and nodes, milliseconds. */
const DATABASE_LIMIT = 3_000;

/** Knows where each part of the report is found. */
export class ReportWriter {
  constructor(
    private readonly args: ParsedDaemonArgs,
    private readonly state: StateDirectory,
    private readonly identity: MemberIdentity,
    private readonly trust: TrustStore,
    private readonly daemon: Daemon,
    private readonly runtime: MemberRuntime,
    private readonly schema: SchemaGate,
  ) {}

  /** The report of this moment. @param signal ends the questions to the database */
  async write(signal: AbortSignal): Promise<MemberReport> {
    const [disk, database] = await Promise.all([this.disk(), this.database(signal)]);
    const status = this.daemon.databaseStatus();
    return {
      name: this.identity.name,
      address: this.identity.address,
      version: this.args.version,
      time: new Date(),
      database_open: status.open,
      database_status: status.text,
      engine: this.runtime.isOpen ? this.runtime.opened.name : '',
      schema_internal_version: this.schema.versions.internal,
      schema_external_version: this.schema.versions.external,
      extensions: [...this.schema.extensions],
      trusted: this.trust
        .list()
        .map(({ name, address, fingerprint }) => ({ name, address, fingerprint })),
      ...database,
      certificates: this.certificates(),
      ...disk,
    };
  }

  private async database(signal: AbortSignal): Promise<Pick<MemberReport, 'leader' | 'nodes'>> {
    if (!this.runtime.isOpen) return { leader: '', nodes: [] };
    const engine = this.runtime.opened;
    const limit = AbortSignal.any([signal, this.daemon.signal, timeLimit(DATABASE_LIMIT)]);
    const [leader, nodes] = await Promise.allSettled([engine.leader(limit), engine.members(limit)]);
    return {
      leader: leader.status === 'fulfilled' ? (leader.value ?? '') : '',
      nodes:
        nodes.status === 'fulfilled'
          ? nodes.value.map(({ id, address, role }) => ({ id, address, role }))
          : [],
    };
  }

  private certificates(): MemberReport['certificates'] {
    const { server, hasCluster } = this.identity;
    const pairs = [['server', server.certificate]];
    if (hasCluster) pairs.push(['cluster', this.identity.cluster.certificate]);
    return pairs.map(([name = '', pem = '']) => describeCertificate(name, pem));
  }

  private async disk(): Promise<Pick<MemberReport, 'disk_free' | 'disk_total'>> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.state.path);
      return { disk_free: bavail * bsize, disk_total: blocks * bsize };
    } catch {
      return { disk_free: 0, disk_total: 0 };
    }
  }
}

/** A certificate's entry in a report. */
export function describeCertificate(
  name: string,
  pem: string,
): MemberReport['certificates'][number] {
  try {
    const { fingerprint256, validFrom, validTo } = new X509Certificate(pem);
    return {
      name,
      fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
      not_before: new Date(validFrom),
      not_after: new Date(validTo),
    };
  } catch {
    return { name, fingerprint: '', not_before: zeroTime(), not_after: zeroTime() };
  }
}
