/** All parts of a daemon, each injectable by its class; the files that make them are named after what they make. */
import type { Provider } from '@nestjs/common';
import { BACKUP_PROVIDERS } from './backup-providers.js';
import { CERTIFICATE_PROVIDERS } from './certificate-providers.js';
import { DAEMON_PROVIDERS } from './daemon-providers.js';
import { DATABASE_PROVIDERS } from './database-providers.js';
import { EVENTS_PROVIDERS } from './events-providers.js';
import { FAILPOINT_PROVIDER } from './failpoint-providers.js';
import { HEARTBEAT_PROVIDERS } from './heartbeat-providers.js';
import { IDENTITY_PROVIDERS } from './identity-providers.js';
import { LATE_BOUND_PROVIDERS } from './late-bound-providers.js';
import { LISTENER_PROVIDERS } from './listener-providers.js';
import { MEMBERSHIP_PROVIDERS } from './membership-providers.js';
import { OBSERVABILITY_PROVIDERS } from './observability-providers.js';
import { PEER_PROVIDERS } from './peer-providers.js';

/** In the order in which they build on each other, as far as there is one; Nest finds it out by itself. */
export const CORE_PROVIDERS: Provider[] = [
  FAILPOINT_PROVIDER,
  ...LATE_BOUND_PROVIDERS,
  ...IDENTITY_PROVIDERS,
  ...LISTENER_PROVIDERS,
  ...DATABASE_PROVIDERS,
  ...PEER_PROVIDERS,
  ...DAEMON_PROVIDERS,
  ...MEMBERSHIP_PROVIDERS,
  ...CERTIFICATE_PROVIDERS,
  ...OBSERVABILITY_PROVIDERS,
  ...EVENTS_PROVIDERS,
  ...HEARTBEAT_PROVIDERS,
  ...BACKUP_PROVIDERS,
];
