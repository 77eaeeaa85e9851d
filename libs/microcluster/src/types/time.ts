/** Times: RFC 3339 with up to nine fractional digits on the wire, `Date` inside (`spec/core-api.md` 6). */
import { InvalidValueError } from './invalid-value-error.js';

/** Go's zero time in milliseconds since 1970: 1 January of the year 1, UTC. */
const ZERO_TIME_MS = -62_135_596_800_000;

const RFC_3339 =
  /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,18}))?([Zz]|[+-]\d{2}:\d{2})$/;

/** A fresh `Date` that stands for 'never' or 'not yet': Go's zero time. */
export function zeroTime(): Date {
  return new Date(ZERO_TIME_MS);
}

/** Whether `time` is Go's zero time: 'never' or 'not yet'. */
export function isZeroTime(time: Date): boolean {
  return time.getTime() === ZERO_TIME_MS;
}

/**
 * Parses an RFC 3339 time. Digits below the millisecond are cut off.
 *
 * @throws InvalidValueError when the text is no such time, the day does not exist, or its zone leads out of the
 *   years 0 to 9999, which are all that the wire format can write.
 */
export function parseTime(text: string): Date {
  const invalid = () =>
    new InvalidValueError(
      `Invalid time "${text}": write RFC 3339, such as 2024-10-22T11:22:33.123456789Z.`,
    );
  const match = RFC_3339.exec(text);
  if (match === null) throw invalid();
  const [, day = '', clock = '', fraction = '', zone = ''] = match;
  const utc = new Date(`${day}T${clock}.${fraction.padEnd(3, '0').slice(0, 3)}Z`);
  // `Date` rolls 30 February over to March and 24:00 to the next day; the wire format has no such times.
  if (Number.isNaN(utc.getTime()) || utc.toISOString().slice(0, 19) !== `${day}T${clock}`) {
    throw invalid();
  }
  const offset = zoneOffset(zone);
  if (offset === undefined) throw invalid();
  const time = new Date(utc.getTime() - offset);
  if (time.getUTCFullYear() < 0 || time.getUTCFullYear() > 9_999) throw invalid();
  return time;
}

/** The RFC 3339 text that Go would write: UTC, no trailing zeros in the fraction. */
export function formatTime(time: Date): string {
  return time.toISOString().replace(/\.?0*Z$/, 'Z');
}

/** Milliseconds to subtract, or undefined when the zone does not exist. */
function zoneOffset(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
