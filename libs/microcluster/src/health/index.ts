/** Named checks of liveness and readiness. */
export { EVENT_LOOP_LIMIT_MS, EventLoopWatch } from './event-loop-watch.js';
export { Health } from './health.js';
export { HealthEndpoints } from './health.endpoints.js';
export type { HealthCheck, HealthReport } from './health-report.js';
