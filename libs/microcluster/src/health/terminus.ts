/** `@microcluster/nest/terminus`: apart, so that only who imports it needs `@nestjs/terminus`. */
export { MicroclusterHealthIndicator } from './microcluster.health-indicator.js';
