/** Backups of the database: taken while it is written, verified, restored as a whole. */
export { readBackup, verifyBackup, type BackupHeader } from './backup-format.js';
export { restoreBackup, type RestoreOutcome } from './restore-backup.js';
export { takeBackup, type BackupSource } from './take-backup.js';
export { writeBackupFile } from './backup-files.js';
export { ScheduledBackups } from './scheduled-backups.js';
