/** What a user passes to `MicroclusterModule.forRoot`: the settings of one daemon. */
import type { LoggerService, Type } from '@nestjs/common';
import type { EntitySchema, MigrationInterface } from 'typeorm';
import type { LifecycleHooks } from '../hooks/lifecycle-hooks.js';
import type { SchemaUpdate } from '../database/index.js';

/** Which database engine holds the cluster's data. */
export type EngineName = 'dqlite' | 'sqlite';

/** Where an additional listener is bound (`spec/core-api.md` 22). */
export interface ServerListenConfig {
  /** `ip:port`; a missing port is 8443. */
  readonly address: string;
}

/** The part of a server's settings that may be known only when the application starts. */
export interface ServerSettings {
  /**
   * Default address of an additional listener; `PUT /core/1.0/daemon/servers` overrides it. Without one the
   * listener is closed until then. Contradicts `coreApi`.
   */
  readonly serverConfig?: ServerListenConfig;
  /**
   * Give the additional listener a self-signed certificate of its own, in `certificates/<name>.crt` and
   * `.key`. Otherwise it shows a pair that was put there, or else the certificate of the Core API.
   * Contradicts `coreApi`. Default `false`.
   */
  readonly dedicatedCertificate?: boolean;
  /**
   * How long requests in flight may finish when the listener closes, milliseconds, 0 to 3,600,000; 0
   * (default) cuts at once. Longer delays shutdown, shorter cuts clients.
   */
  readonly drainConnectionsTimeout?: number;
}

/** One entry of {@link DaemonArgs.servers}: a group of controllers and the listeners that serve them. */
export interface ServerArgs extends ServerSettings {
  /** Serve the resources on the Core API listener instead of a listener of their own. Default `false`. */
  readonly coreApi?: boolean;
  /** Also before this member is bootstrapped or joined. Default `false`. */
  readonly preInit?: boolean;
  /** Also on the local control socket; needs `coreApi`. Default `false`. */
  readonly serveUnix?: boolean;
  /**
   * Controllers, declared in the user's own modules, that this server offers. Controllers tagged with
   * `@Server(name)` need not be repeated here.
   */
  readonly resources?: readonly Type[];
}

/** Limits of waiting, milliseconds each. A longer limit tolerates slower machines; a shorter one fails earlier. */
export interface DaemonTimeouts {
  /** A request from one member to another. Default 30,000. */
  readonly request?: number;
  /** The database becoming ready after a start, a bootstrap or a join. Default 120,000. */
  readonly ready?: number;
  /** Asking one member whether it is alive. Default 2,000. */
  readonly probe?: number;
  /** Handing leadership and voter role over on shutdown. Default 10,000. */
  readonly handover?: number;
}

/** Where else than on the control socket the metrics are served (`docs/reference/metrics.md`). */
export interface MetricsArgs {
  /**
   * Serves them by plain HTTP, without authentication, as `/metrics` at this `ip:port`, to everybody who
   * reaches it. Without an ip (`:9464`) it is loopback, `127.0.0.1`. Default: none.
   */
  readonly address?: string;
  /** Serves them at `/core/1.0/metrics` of the Core API listener, to trusted clients. Default `false`. */
  readonly coreApi?: boolean;
}

/** The settings that a factory of `forRootAsync` may produce. */
export interface DynamicDaemonArgs {
  /** Directory of this member's state. Default: the environment variable `STATE_DIR`. */
  readonly stateDir?: string;
  /** The application's version, shown by `GET /core/1.0`. */
  readonly version: string;
  /** Group that owns the control socket. Default: `SOCKET_GROUP`, else the group of the process. */
  readonly socketGroup?: string;
  /** Opens a listener at this `ip:port` until the member is bootstrapped or joined. Default: none. */
  readonly preInitListenAddress?: string;
  /**
   * Let everybody who reaches the pre-init listener replace certificates through
   * `PUT /core/1.0/cluster/certificates/{name}`, as the original does. Default `false`: it answers 403.
   */
  readonly allowPreInitCertificateChanges?: boolean;
  /**
   * Time between two rounds of heartbeats and role checks, milliseconds, 100 to 3,600,000. Default 10,000.
   * Shorter notices failures earlier and costs traffic; longer delays trust and role changes.
   */
  readonly heartbeatIntervalMs?: number;
  /**
   * The database engine. Default: `MICROCLUSTER_ENGINE`, else what the state directory was made with,
   * else `dqlite`.
   */
  readonly engine?: EngineName;
  /**
   * Expected one-way network latency between members, milliseconds, 1 to 60,000. Default 200. An election
   * takes about 15 times it: lower fails over sooner, higher survives longer stalls.
   */
  readonly networkLatencyMs?: number;
  /** Members of one failure domain are assumed to fail together; roles are spread over domains. Default 0. */
  readonly failureDomain?: number;
  /** How long requests in flight on the socket and the Core API listener may finish on shutdown, milliseconds. Default 0: cut at once. */
  readonly drainConnectionsTimeout?: number;
  readonly timeouts?: DaemonTimeouts;
  readonly metrics?: MetricsArgs;
  /** Settings of declared servers that are known only now; names must be among the static ones. */
  readonly servers?: Readonly<Record<string, ServerSettings>>;
  /** Called at the points of cluster life; decorated providers are the other way to say it. */
  readonly hooks?: LifecycleHooks;
  /** Where the daemon logs. Default: the logger of the application. */
  readonly logger?: LoggerService;
}

/** The settings that must be known before the application is assembled. */
export interface StaticDaemonArgs {
  /** TypeORM entities of the replicated database. */
  readonly entities?: readonly (Type | EntitySchema)[];
  /** Schema updates of the application, in order: TypeORM migration classes or functions. Append only. */
  readonly extensionsSchema?: readonly (Type<MigrationInterface> | SchemaUpdate)[];
  /** Names of API features, in order; all members must agree on them. Append only. */
  readonly apiExtensions?: readonly string[];
  /** Groups of controllers by unique name. */
  readonly servers?: Readonly<Record<string, ServerArgs>>;
}

/** All settings of a daemon. */
export interface DaemonArgs extends StaticDaemonArgs, Omit<DynamicDaemonArgs, 'servers'> {}
