/** Makes what takes backups by itself. */
import type {
  BeforeApplicationShutdown,
  FactoryProvider,
  OnApplicationBootstrap,
} from '@nestjs/common';
import { ScheduledBackups, takeBackup } from '../backup/index.js';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';

/** Ties the schedule to the life of the application. */
export class BackupSchedule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly backups: ScheduledBackups | undefined) {}

  onApplicationBootstrap(): void {
    this.backups?.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.backups?.close();
  }
}

const schedule: FactoryProvider = {
  provide: BackupSchedule,
  inject: [DAEMON_ARGS, Daemon, MemberIdentity, MemberRuntime],
  useFactory: (
    { backups, logger, version }: ParsedDaemonArgs,
    daemon: Daemon,
    identity: MemberIdentity,
    runtime: MemberRuntime,
  ) =>
    new BackupSchedule(
      backups &&
        new ScheduledBackups({
          settings: backups,
          isOpen: () => daemon.databaseStatus().open,
          take: (signal) =>
            takeBackup(
              { sql: runtime.opened.sql, application: version, member: identity.name },
              signal,
            ),
          logger,
        }),
    ),
};

/** They need the daemon. */
export const BACKUP_PROVIDERS: FactoryProvider[] = [schedule];
