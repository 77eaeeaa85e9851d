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
 * Milliseconds until the next backup: an interval after the newest file. Files from the future were made before
 * the clock was set back; when, nobody can say, so that they do not count.
 */
export function dueIn(names: readonly string[], now: number, settings: ScheduleSettings): number {
  const times = names.map(timeOfName).filter((time) => time !== undefined);
  const newest = Math.max(...times.filter((time) => time <= now));
  return Math.max(0, newest + settings.intervalMs - now);
}

/**
 * The backups that go: all but the newest, where those from the future are the oldest, as they were made before
 * the clock was set back. Files of other names stay, whoever put them there.
 */
export function surplus(
  names: readonly string[],
  now: number,
  { keep }: ScheduleSettings,
): readonly string[] {
  const ours = names.filter((name) => timeOfName(name) !== undefined).toSorted();
  const isFuture = (name: string): boolean => (timeOfName(name) ?? 0) > now;
  const inOrder = [...ours.filter(isFuture), ...ours.filter((name) => !isFuture(name))];
  return inOrder.slice(0, -keep);
}
