/** Named checks of liveness and readiness. */
export { Health } from './health.js';
export { HealthEndpoints } from './health.endpoints.js';
export type { HealthCheck, HealthReport } from './health-report.js';
