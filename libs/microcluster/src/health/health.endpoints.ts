/** `GET /core/1.0/livez` and `/core/1.0/readyz`: our own additions to the Core API, for probes and load balancers. */
import { Injectable } from '@nestjs/common';
import { ENVELOPE_CONTENT_TYPE, errorEnvelope } from '../envelope/index.js';
import { CoreRoute, RawReply, type CoreRequest } from '../listeners/index.js';
import { Health } from './health.js';
import { failuresOf, healthReportSchema, type HealthReport } from './health-report.js';

/** Also while the daemon stops: it is alive then, and not ready. */
const PROBE = { allowedBeforeInit: true, allowedDuringShutdown: true, allowUntrusted: true };

@Injectable()
export class HealthEndpoints {
  constructor(private readonly health: Health) {}

  @CoreRoute('GET', '/core/1.0/livez', {
    ...PROBE,
    doc: { summary: 'Tell whether the daemon works', reply: healthReportSchema },
  })
  live({ context }: CoreRequest): unknown {
    return answer('The daemon is not live', this.health.live(), context.trusted);
  }

  @CoreRoute('GET', '/core/1.0/readyz', {
    ...PROBE,
    doc: { summary: 'Tell whether the daemon can serve', reply: healthReportSchema },
  })
  async ready({ context }: CoreRequest): Promise<unknown> {
    return answer('The daemon is not ready', await this.health.ready(), context.trusted);
  }
}

/** 200 or 503 with the checks as metadata; strangers get the status alone. */
function answer(text: string, report: HealthReport, trusted: boolean): unknown {
  const status = report.status === 'ok' ? 200 : 503;
  if (!trusted) return new RawReply(status);
  if (status === 200) return report;
  const body = errorEnvelope(status, `${text}: ${failuresOf(report)}`, report);
  return new RawReply(status, body, {
    'Content-Type': ENVELOPE_CONTENT_TYPE,
    'X-Content-Type-Options': 'nosniff',
  });
}
