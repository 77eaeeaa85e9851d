/** Backup and restore of the database, on the control socket alone. Ours; the original has no such endpoints. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { restoreBackup, takeBackup } from '../backup/index.js';
import { MicroclusterError } from '../errors/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { SchemaGate } from '../lifecycle/schema-gate.js';
import { CoreRoute, RawReply, type CoreRequest } from '../listeners/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { StateDirectory } from '../state/index.js';
import { withTrash } from '../state/wipe.js';
import { writeStreamAtomic } from '../state/write-file-atomic.js';

/** What was restored: the header of the backup, and how much. */
const RESTORED = z.looseObject({ tables: z.number(), rows: z.number() });

@Injectable()
export class BackupEndpoints {
  private isRestoring = false;

  constructor(
    private readonly runtime: MemberRuntime,
    private readonly daemon: Daemon,
    private readonly identity: MemberIdentity,
    private readonly schema: SchemaGate,
    private readonly state: StateDirectory,
    @Inject(DAEMON_ARGS) private readonly args: ParsedDaemonArgs,
  ) {}

  @CoreRoute('GET', '/core/control/backup', {
    doc: { summary: 'Take a backup of the database', rawType: 'application/gzip' },
  })
  async backUp({ signal }: CoreRequest): Promise<RawReply> {
    const source = {
      sql: this.runtime.opened.sql,
      application: this.args.version,
      member: this.identity.name,
    };
    const bytes = await takeBackup(source, AbortSignal.any([signal, this.daemon.drained]));
    return new RawReply(200, bytes, { 'Content-Type': 'application/gzip' });
  }

  @CoreRoute('POST', '/core/control/restore', {
    streamsBody: true,
    doc: { summary: 'Replace the data of the cluster by the backup in the body', reply: RESTORED },
  })
  async restore({ bodyStream, signal }: CoreRequest): Promise<unknown> {
    if (this.isRestoring) {
      throw new MicroclusterError('CONFLICT', { reason: 'A restore is already in progress' });
    }
    this.isRestoring = true;
    try {
      const limit = AbortSignal.any([signal, this.daemon.drained]);
      return await withTrash(this.state.path, randomUUID(), async (directory) => {
        const file = path.join(directory, 'backup');
        await writeStreamAtomic(file, bodyStream ?? Readable.from([]), 0o600);
        return this.restoreFile(file, limit);
      });
    } finally {
      this.isRestoring = false;
    }
  }

  private async restoreFile(file: string, signal: AbortSignal): Promise<unknown> {
    const { sql } = this.runtime.opened;
    const outcome = await restoreBackup(sql, file, 'The backup', this.schema.versions, signal);
    const { header, tables, rows } = outcome;
    this.args.logger.log({ event: 'backup-restored', ...header, tables, rows });
    // A crash before this is made good by the next start, as for any member that is behind.
    await this.schema.apply();
    return { ...header, tables, rows };
  }
}
