/** What a user passes to `MicroclusterModule.forRoot`: the settings of one daemon. */
import type { LoggerService, Type } from '@nestjs/common';
import type { EntitySchema, MigrationInterface } from 'typeorm';
import type { LifecycleHooks } from '../hooks/lifecycle-hooks.js';
import type { SchemaUpdate } from '../database/index.js';

/** Which database engine holds the cluster's data. */
export type EngineName = 'dqlite' | 'sqlite';

/** Where an additional listener is bound (`spec/core-api.md` 22). */
export interface ServerListenConfig {
  /** A literal address, `ip:port`; IPv6 in brackets. A missing port is 8443. */
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
  /** Also on the local control socket; needs `coreApi`. Default `false`: clients of the network alone. */
  readonly serveUnix?: boolean;
  /**
   * Controllers, declared in the user's own modules, that this server offers. Controllers tagged with
   * `@Server(name)` need not be repeated here. Default: none; a server without any controller is refused.
   */
  readonly resources?: readonly Type[];
}

/** Limits of waiting, milliseconds each. A longer limit tolerates slower machines; a shorter one fails earlier. */
export interface DaemonTimeouts {
  /** A request from one member to another, 100 to 3,600,000. Default 30,000. */
  readonly request?: number;
  /**
   * A statement of the data source that names no deadline, waiting for its turn and for an election included, 100 to
   * 3,600,000. Default 20,000: three elections at the default `networkLatencyMs`, and less than `request`, so that
   * whoever asked through another member learns the reason.
   */
  readonly statement?: number;
  /** The database becoming ready after a start, a bootstrap or a join, 1,000 to 3,600,000. Default 120,000. */
  readonly ready?: number;
  /** Asking one member whether it is alive, 50 to 3,600,000. Default 2,000. */
  readonly probe?: number;
  /** Handing leadership and voter role over on shutdown, 0 to 3,600,000. Default 10,000. */
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

/** Backups that this member takes by itself. */
export interface BackupSettings {
  /** Where they go, on this machine; made when it is missing. Another disk than the state directory's is best. */
  readonly directory: string;
  /** Time between two backups, milliseconds, 1,000 to 31,536,000,000 (a year). Default 86,400,000: a day. */
  readonly intervalMs?: number;
  /** How many are kept, a whole number from 1 to 10,000; older ones are deleted. Default 7. */
  readonly keep?: number;
}

/** The settings that a factory of `forRootAsync` may produce. */
export interface DynamicDaemonArgs {
  /**
   * Directory of this member's state; it is made if it is not there. Short, as the path of the control socket
   * in it may have 107 bytes. Default: the environment variable `STATE_DIR`.
   */
  readonly stateDir?: string;
  /** The application's version, shown by `GET /core/1.0`; any text but the empty one. No default. */
  readonly version: string;
  /**
   * Name of the group that owns the control socket, and whose users may therefore do everything. Default: the
   * environment variable `SOCKET_GROUP`, else the group of the process.
   */
  readonly socketGroup?: string;
  /** Opens a listener at this literal `ip:port` until the member is bootstrapped or joined. Default: none. */
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
  /**
   * Number of the failure domain, a whole number from 0. Members of one domain are assumed to fail together;
   * roles are spread over domains. Default 0.
   */
  readonly failureDomain?: number;
  /**
   * How long requests in flight on the socket and the Core API listener may finish on shutdown, milliseconds,
   * 0 to 3,600,000. Default 0: cut at once.
   */
  readonly drainConnectionsTimeout?: number;
  /**
   * How many connections of callers that show no member's certificate each network listener keeps open, those in
   * their handshake included, a whole number from 16 to 1,000,000. One more closes the one that has been without
   * a new request for longest. Default 1,024, which may take some 50 MB. Lower costs less memory when strangers
   * flood a listener; higher serves more clients that are no members at once.
   */
  readonly maxUntrustedConnections?: number;
  /** Limits of waiting. Default: those of each. */
  readonly timeouts?: DaemonTimeouts;
  /** Where else than on the control socket the metrics are served. Default: nowhere. */
  readonly metrics?: MetricsArgs;
  /**
   * Bytes of the state directory's file system that are kept free: with less, writes are refused until there
   * is more. 0 to 2^40; 0 does not look. Default 67,108,864 (64 MiB), and at most a tenth of the file system.
   * Lower risks a node that cannot start; higher refuses earlier.
   */
  readonly minimumFreeBytes?: number;
  /** Take backups regularly. Each member that has this setting takes its own. Default: none. */
  readonly backups?: BackupSettings;
  /**
   * With `forRootAsync`: settings of declared servers that are known only when the application starts; names
   * must be among the static ones. Default: none.
   */
  readonly servers?: Readonly<Record<string, ServerSettings>>;
  /** Functions called at the points of cluster life; decorated providers are the other way to say it. Default: none. */
  readonly hooks?: LifecycleHooks;
  /** Where the daemon logs its events, each an object with the field `event`. Default: the logger of the application. */
  readonly logger?: LoggerService;
}

/** The settings that must be known before the application is assembled. */
export interface StaticDaemonArgs {
  /** TypeORM entities of the replicated database. Default: none. */
  readonly entities?: readonly (Type | EntitySchema)[];
  /** Schema updates of the application, in order: TypeORM migration classes or functions. Append only. Default: none. */
  readonly extensionsSchema?: readonly (Type<MigrationInterface> | SchemaUpdate)[];
  /**
   * Names of API features, in order: lower-case letters, digits and `_`. All members must agree on them. Append
   * only. Default: none.
   */
  readonly apiExtensions?: readonly string[];
  /** Groups of controllers by unique name, with the listeners that serve them. Default: none. */
  readonly servers?: Readonly<Record<string, ServerArgs>>;
}

/** All settings of a daemon. */
export interface DaemonArgs extends StaticDaemonArgs, Omit<DynamicDaemonArgs, 'servers'> {}
