/** Decides from the files of a directory when the next backup is due, and which ones are too many. */

const NAME = /^backup-(\d{4})-(\d\d)-(\d\d)T(\d\d)(\d\d)(\d\d)Z\.mcb$/;

/** The name of a backup that is taken at `time`, in UTC; names sort as times do. */
export function scheduledName(time: Date): string {
  const text = time.toISOString().replace(/\.\d+Z$/, 'Z');
  return `backup-${text.replaceAll(':', '')}.mcb`;
}

/** When the backup of this name was taken; undefined for another file. */
export function timeOfName(name: string): number | undefined {
  const [, year, month, day, hour, minute, second] = NAME.exec(name) ?? [];
  if (year === undefined) return undefined;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** How often, and how many are kept. */
export interface ScheduleSettings {
  readonly intervalMs: number;
  readonly keep: number;
}

/**
 * Milliseconds until the next backup: an interval after the newest file. A newest file from the future, after
 * the clock was set back, counts as one from now.
 */
export function dueIn(names: readonly string[], now: number, settings: ScheduleSettings): number {
  const times = names.map(timeOfName).filter((time) => time !== undefined);
  if (times.length === 0) return 0;
  const newest = Math.min(Math.max(...times), now);
  return Math.max(0, newest + settings.intervalMs - now);
}

/** The backups that go: all but the newest. Files of other names stay, whoever put them there. */
export function surplus(names: readonly string[], { keep }: ScheduleSettings): readonly string[] {
  return names
    .filter((name) => timeOfName(name) !== undefined)
    .toSorted()
    .slice(0, -keep);
}
