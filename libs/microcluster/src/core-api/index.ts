/** The endpoints of the Core API. */
import type { Type } from '@nestjs/common';
import { BackupEndpoints } from './backup.endpoints.js';
import { CertificatesEndpoints } from './certificates.endpoints.js';
import { ClusterEndpoints } from './cluster.endpoints.js';
import { ControlEndpoints } from './control.endpoints.js';
import { DaemonEndpoints } from './daemon.endpoints.js';
import { DatabaseEndpoints } from './database.endpoints.js';
import { HealthEndpoints } from '../health/index.js';
import { EventsEndpoints } from './events.endpoints.js';
import { HeartbeatEndpoints } from './heartbeat.endpoints.js';
import { HooksEndpoints } from './hooks.endpoints.js';
import { ReportEndpoints } from '../doctor/report.endpoints.js';
import { ServerEndpoints } from './server.endpoints.js';
import { SqlEndpoints } from './sql.endpoints.js';
import { TokensEndpoints } from './tokens.endpoints.js';
import { TruststoreEndpoints } from './truststore.endpoints.js';

/** All of them, as injectable classes. */
export const CORE_ENDPOINTS: readonly Type<object>[] = [
  ServerEndpoints,
  ControlEndpoints,
  ClusterEndpoints,
  TokensEndpoints,
  TruststoreEndpoints,
  HeartbeatEndpoints,
  EventsEndpoints,
  DatabaseEndpoints,
  HooksEndpoints,
  SqlEndpoints,
  DaemonEndpoints,
  ReportEndpoints,
  HealthEndpoints,
  CertificatesEndpoints,
  BackupEndpoints,
];
