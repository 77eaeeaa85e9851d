/** What a daemon says of its health: named checks, each with a reason that an operator can read. */
import { z } from 'zod';

/** The outcome of one check. */
export interface HealthCheck {
  /**
   * Stable, for alerts: `daemon`, `database`, `leader`, `query`, `listener`, `certificates`, `database-process`,
   * `event-loop`.
   */
  readonly name: string;
  readonly status: 'ok' | 'failed';
  /** One sentence: why it failed, or what was found. */
  readonly reason: string;
}

/** All checks of one question; it fails when one of them does. */
export interface HealthReport {
  readonly status: 'ok' | 'failed';
  readonly checks: readonly HealthCheck[];
}

/** A {@link HealthReport} as it is answered. */
export const healthReportSchema = z.object({
  status: z.enum(['ok', 'failed']),
  checks: z.array(
    z.object({ name: z.string(), status: z.enum(['ok', 'failed']), reason: z.string() }),
  ),
});

/** Puts checks together. */
export function healthReport(checks: readonly HealthCheck[]): HealthReport {
  return {
    status: checks.every(({ status }) => status === 'ok') ? 'ok' : 'failed',
    checks,
  };
}

/** The failed checks of a report in one sentence; empty when there are none. */
export function failuresOf({ checks }: HealthReport): string {
  return checks
    .filter(({ status }) => status === 'failed')
    .map(({ name, reason }) => `${name}: ${reason}`)
    .join('; ');
}
