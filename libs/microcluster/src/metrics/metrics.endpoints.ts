/** `GET /core/1.0/metrics`: our own addition to the Core API, in Prometheus' text format instead of the envelope. */
import { CORE_LISTENER, UNIX_LISTENER } from '../access/index.js';
import { RawReply, defineCoreRoute, type CoreRouteDefinition } from '../listeners/index.js';
import type { Metrics } from './metrics.js';

/** Path of the metrics in the Core API. */
export const METRICS_PATH = '/core/1.0/metrics';

/**
 * Always on the control socket; on the Core API listener, for trusted clients, where `DaemonArgs.metrics` says
 * so. It answers before initialisation and while the daemon stops.
 */
export function metricsRoute(
  metrics: Metrics,
  options: { readonly coreApi: boolean },
): CoreRouteDefinition {
  const listeners = options.coreApi ? [UNIX_LISTENER, CORE_LISTENER] : [UNIX_LISTENER];
  const rule = {
    listeners,
    allowedBeforeInit: true,
    allowedDuringShutdown: true,
    doc: { summary: 'Show the metrics of this member', rawType: 'text/plain' },
  };
  return defineCoreRoute(
    'GET',
    METRICS_PATH,
    rule,
    async () => new RawReply(200, await metrics.text(), { 'Content-Type': metrics.contentType }),
  );
}
