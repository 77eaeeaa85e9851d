/** Times as text and seconds, the way Go's client writes and reads them (`spec/dqlite.md` A.4). */

const TEXT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/;

/** `date` in UTC, as it is bound to a parameter: `2024-01-02 03:04:05.678+00:00`. */
export function formatTimestamp(date: Date): string {
  return `${date.toISOString().slice(0, -1).replace('T', ' ')}+00:00`;
}

/**
 * The time that a text in a DATE, DATETIME or TIMESTAMP column means; a text without a zone is UTC.
 * A text that is no time is returned as it is; `''` is how the wire spells NULL there.
 */
export function parseTimestamp(text: string): Date | string | null {
  if (text === '') return null;
  const match = TEXT.exec(text);
  if (match === null) return text;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(
    Number(hour),
    Number(minute) - offsetMinutes(zone),
    Number(second),
    Number(fraction.slice(0, 3).padEnd(3, '0')),
  );
  return date;
}

/** A stored number of seconds since 1970 as a time; out of a Date's range it stays a number. */
export function timestampOfSeconds(seconds: number | bigint): Date | number | bigint {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? seconds : date;
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return zone.startsWith('-') ? -minutes : minutes;
}
