/** The health of this member for applications that use `@nestjs/terminus` 12, an optional peer dependency. */
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Health } from './health.js';
import { failuresOf, type HealthReport } from './health-report.js';

/**
 * Put it among the providers of the module that imports `TerminusModule`.
 *
 * @example
 * \@Get('healthz') \@HealthCheck()
 * check() {
 *   return this.health.check([() => this.member.isReady('cluster')]);
 * }
 */
@Injectable()
export class MicroclusterHealthIndicator {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly health: Health,
  ) {}

  /**
   * Up when this member can serve requests that use the database.
   *
   * @param key name of the indicator in the result; default `microcluster`
   * @returns the indicator with the reason of every check, by its name; `message` says what failed
   */
  async isReady(key = 'microcluster'): Promise<HealthIndicatorResult> {
    return this.indicate(key, await this.health.ready());
  }

  /** Up when the daemon works; as {@link isReady}. */
  async isLive(key = 'microcluster'): Promise<HealthIndicatorResult> {
    return this.indicate(key, this.health.live());
  }

  private indicate(key: string, report: HealthReport): HealthIndicatorResult {
    const session = this.indicators.check(key);
    const checks = Object.fromEntries(report.checks.map(({ name, reason }) => [name, reason]));
    return report.status === 'ok'
      ? session.up({ checks })
      : session.down({ message: failuresOf(report), checks });
  }
}
