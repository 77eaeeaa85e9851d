/** Durations as operators type them: `10s`, `1h30m`, `500ms`; a bare number is seconds where the caller says so. */

const NANOSECONDS = new Map<string, bigint>([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const PART = /(\d+)(?:\.(\d+))?(ns|us|µs|ms|s|m|h)/y;

/** Fractions beyond this many digits are below a nanosecond for every unit. */
const FRACTION_DIGITS = 13;

/** The longest duration that fits in 63 bits of nanoseconds, about 292 years. */
const LONGEST = 2n ** 63n - 1n;

/**
 * Reads a duration such as `3h`, `1h30m`, `1.5s` or `-5m`.
 *
 * @returns nanoseconds
 * @throws Error that names the text when it is not a duration
 */
export function parseDuration(text: string): bigint {
  const sign = text.startsWith('-') ? -1n : 1n;
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '0') return 0n;
  let total = 0n;
  let at = 0;
  while (at < body.length) {
    PART.lastIndex = at;
    const match = PART.exec(body);
    const unit = NANOSECONDS.get(match?.[3] ?? '');
    if (!match || unit === undefined) break;
    const fraction = (match[2] ?? '').slice(0, FRACTION_DIGITS);
    total += BigInt(match[1] ?? '0') * unit;
    if (fraction) total += (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length);
    at = PART.lastIndex;
  }
  if (body === '' || at < body.length) {
    throw new Error(`Invalid duration "${text}": write it like 10s, 1h30m or 500ms`);
  }
  if (total > LONGEST) {
    throw new Error(`Invalid duration "${text}": it is longer than 292 years`);
  }
  return sign * total;
}

/**
 * Reads a time limit: a duration as above, or a bare number of seconds (`30`, `0.5`).
 *
 * @returns milliseconds, rounded up, at least 0
 */
export function parseTimeLimit(text: string): number {
  const nanoseconds = parseDuration(/^\d+(\.\d+)?$/.test(text) ? `${text}s` : text);
  if (nanoseconds < 0n) throw new Error(`Invalid duration "${text}": it must not be negative`);
  return Number((nanoseconds + 999_999n) / 1_000_000n);
}
