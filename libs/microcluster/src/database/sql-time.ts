/** Times in DATETIME columns as Go's driver writes and reads them (`spec/core-api.md` 20.3, `spec/dqlite.md` A.4). */

/**
 * The text bound for a time: `YYYY-MM-DD hh:mm:ss[.fff]+00:00`, without trailing zeros of the fraction.
 *
 * @throws RangeError for an invalid date or a year outside 0 to 9999, which the text cannot hold.
 */
export function encodeTime(time: Date): string {
  const iso = time.toISOString();
  if (!/^\d{4}-/.test(iso)) {
    throw new RangeError(`The time ${iso} is outside the years 0000 to 9999; use a nearer one`);
  }
  const fraction = iso.slice(20, 23).replace(/0+$/, '');
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`}+00:00`;
}

const TEXT =
  /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9})\d*)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * Reads a DATETIME cell, however it arrives: a `Date`, Go's text (with or without seconds, fraction and
 * offset, zone-less meaning UTC), unix seconds as an integer, or `null`/`''` for SQL NULL, which the wire
 * turns into an empty text. Digits below a millisecond are dropped.
 *
 * @returns the time, or `undefined` for NULL.
 * @throws TypeError when the cell holds anything else.
 */
export function decodeTime(cell: unknown): Date | undefined {
  if (cell === null || cell === undefined || cell === '') return undefined;
  const time = parse(cell);
  if (time === undefined || Number.isNaN(time.getTime())) {
    throw new TypeError(`A time column holds ${describe(cell)}, which is no time`);
  }
  return time;
}

function parse(cell: unknown): Date | undefined {
  if (cell instanceof Date) return cell;
  if (typeof cell === 'bigint' || typeof cell === 'number') return new Date(Number(cell) * 1000);
  const parts = typeof cell === 'string' ? TEXT.exec(cell.trim()) : null;
  if (parts === null) return undefined;
  const [, day = '', clock = '00:00', seconds = '00', fraction = '', zone] = parts;
  const iso = `${day}T${clock}:${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  return new Date(new Date(iso).getTime() - offsetMinutes(zone) * 60_000);
}

function offsetMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return zone.startsWith('-') ? -minutes : minutes;
}

function describe(cell: unknown): string {
  return typeof cell === 'string' ? `the text "${cell.slice(0, 40)}"` : `a ${typeof cell}`;
}
