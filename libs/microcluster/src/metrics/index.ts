/** Prometheus metrics of a daemon. */
export { ClusterWatch } from './cluster-watch.js';
export { Metrics } from './metrics.js';
export { METRICS_PATH, metricsRoute } from './metrics.endpoints.js';
export { MetricsListener } from './metrics-listener.js';
export { takeSnapshot } from './snapshot.js';
