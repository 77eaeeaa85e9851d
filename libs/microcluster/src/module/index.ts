export {
  MicroclusterModule,
  type DaemonArgsAsync,
  type DaemonArgsFactory,
} from './microcluster.module.js';
export { EXIT_STATUS, runDaemon, type RunDaemonOptions } from './run-daemon.js';
