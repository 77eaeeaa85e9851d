export {
  MicroclusterModule,
  type DaemonArgsAsync,
  type DaemonArgsFactory,
} from './microcluster.module.js';
export { runDaemon, type RunDaemonOptions } from './run-daemon.js';
