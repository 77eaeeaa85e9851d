/** `microctl backup` and `microctl restore`. */
import type { BackupHeader } from '@microcluster/nest/client';
import { confirm } from '../confirm.js';
import { appOf } from '../connection.js';
import { withProgress } from '../progress.js';
import type { Settings } from '../settings.js';

/** Writes a backup, and prints where it is. */
export async function backUp(settings: Settings, file = defaultName(new Date())): Promise<void> {
  const { terminal, timeoutMs, signal } = settings;
  const app = await appOf(settings);
  await withProgress(settings, 'Writing the backup', () => app.backUp(file, { timeoutMs, signal }));
  terminal.out(`${file}\n`);
}

/** Restores a backup after it was checked and the person has agreed. */
export async function restore(settings: Settings, file: string, isAgreed: boolean): Promise<void> {
  const { terminal, timeoutMs, signal } = settings;
  if (!terminal.isInteractive && !isAgreed) {
    throw new Error('Nobody can be asked here; pass --yes to replace the data of the cluster');
  }
  const app = await appOf(settings);
  const header = await app.checkBackup(file, { signal });
  terminal.err(describe(header));
  const question = 'Replace all data of the cluster by this backup?';
  await confirm(settings, question, isAgreed);
  const { tables, rows } = await withProgress(settings, 'Restoring the backup', () =>
    app.restore(file, { timeoutMs, signal }),
  );
  terminal.out(`Restored ${rows} rows in ${tables} tables\n`);
}

function describe({ created, member, application, schema }: BackupHeader): string {
  const version = application === '' ? '' : ` by version ${application}`;
  return `Backup of ${created}, made on ${member}${version}, schema version ${schema.external}\n`;
}

function defaultName(now: Date): string {
  return `backup-${now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '')}.mcb`;
}
