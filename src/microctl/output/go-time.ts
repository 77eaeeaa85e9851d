/** Times as Go prints them, which is what scripts around the original expect. */

/**
 * Rewrites an RFC 3339 time (`2024-10-22T11:22:33.5Z`) as Go's text (`2024-10-22 11:22:33.5 +0000 UTC`).
 *
 * @returns the text itself when it is no such time
 */
export function goTime(rfc3339: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(\.\d+)?(?:Z|([+-]\d{2}):(\d{2}))$/.exec(
    rfc3339,
  );
  if (!match) return rfc3339;
  const [, date, time, fraction = '', hours, minutes] = match;
  const digits = fraction.replace(/\.?0+$/, '');
  const zone = hours === undefined ? '+0000 UTC' : `${hours}${minutes} ${hours}${minutes}`;
  return `${date} ${time}${digits} ${zone}`;
}
