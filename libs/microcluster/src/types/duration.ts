/** Durations: integer nanoseconds on the wire, Go's text (`1h30m`) on command lines (`spec/core-api.md` 6). */
import { InvalidValueError } from './invalid-value-error.js';

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
const TERM = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/gy;

/** Whether `value` fits the wire's signed 64-bit duration. */
export function isDuration(value: bigint): boolean {
  return value >= MIN && value <= MAX;
}

/**
 * Parses Go's duration text: `300ms`, `-1.5h`, `2h45m`, `0`.
 *
 * @returns nanoseconds
 * @throws InvalidValueError when the text is no duration or exceeds 292 years.
 */
export function parseDuration(text: string): bigint {
  const invalid = () =>
    new InvalidValueError(
      `Invalid duration "${text}": write a number and a unit, such as 30s or 3h.`,
    );
  const sign = text.startsWith('-') ? -1n : 1n;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0n;
  if (body === '' || body.length > 128) throw invalid();
  let total = 0n;
  let end = 0;
  for (const [term, whole = '', fraction = '', unit = ''] of body.matchAll(TERM)) {
    if (whole === '' && fraction === '') throw invalid();
    const scale = UNITS.get(unit) ?? 0n;
    total += BigInt(whole || '0') * scale;
    total += (BigInt(fraction || '0') * scale) / 10n ** BigInt(fraction.length);
    end += term.length;
  }
  if (end !== body.length || !isDuration(sign * total)) throw invalid();
  return sign * total;
}

/** Go's text of a duration: `3h0m0s`, `1.5s`, `250ms`, `0s`. @param nanoseconds the duration */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const total = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (total < 1_000n) return `${sign}${total}ns`;
  if (total < 1_000_000n) return `${sign}${decimal(total, 3)}µs`;
  if (total < 1_000_000_000n) return `${sign}${decimal(total, 6)}ms`;
  const minutes = total / 60_000_000_000n;
  const seconds = `${decimal(total % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

/** Nanoseconds of a number of milliseconds, rounded to whole nanoseconds. */
export function durationFromMilliseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1_000_000));
}

/** Milliseconds of a duration; loses precision below a nanosecond in some 100 days. */
export function millisecondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1_000_000;
}

/** `value / 10^places` without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`;
}
