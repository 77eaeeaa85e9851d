/** Checks the settings of a daemon and fills in defaults, with one message per wrong field. */
import path from 'node:path';
import { Logger, type LoggerService } from '@nestjs/common';
import { z } from 'zod';
import type { LifecycleHooks } from '../hooks/lifecycle-hooks.js';
import { DEFAULT_LISTENER_LIMITS } from '../listeners/listener-limits.js';
import { Address, DEFAULT_PORT } from '../types/index.js';
import type { EngineName, StaticDaemonArgs } from './daemon-args.js';
import type { AdjustedDaemonArgs, Routes } from './routes.js';

/** Settings with every default applied; all times in milliseconds. */
export interface ParsedDaemonArgs {
  readonly stateDir: string;
  readonly version: string;
  readonly socketGroup: string | undefined;
  readonly preInitListenAddress: string | undefined;
  readonly allowPreInitCertificateChanges: boolean;
  readonly heartbeatIntervalMs: number;
  /** `undefined` when neither the settings nor the environment name one. */
  readonly engine: EngineName | undefined;
  readonly networkLatencyMs: number;
  readonly failureDomain: bigint;
  readonly drainConnectionsTimeout: number;
  readonly maxUntrustedConnections: number;
  readonly timeouts: {
    readonly request: number;
    readonly statement: number;
    readonly ready: number;
    readonly probe: number;
    readonly handover: number;
  };
  readonly metrics: {
    /** Canonical; `undefined`: no listener of their own. */
    readonly address: string | undefined;
    readonly coreApi: boolean;
  };
  readonly minimumFreeBytes: number;
  readonly backups:
    { readonly directory: string; readonly intervalMs: number; readonly keep: number } | undefined;
  readonly hooks: LifecycleHooks;
  readonly logger: LoggerService;
  readonly entities: NonNullable<StaticDaemonArgs['entities']>;
  readonly extensionsSchema: NonNullable<StaticDaemonArgs['extensionsSchema']>;
  readonly apiExtensions: readonly string[];
  readonly servers: NonNullable<StaticDaemonArgs['servers']>;
  /** Only in tests. */
  readonly routes?: Routes;
}

const milliseconds = (minimum: number, maximum: number) =>
  z
    .number({ error: `must be a number of milliseconds from ${minimum} to ${maximum}` })
    .int({ error: 'must be a whole number of milliseconds' })
    .min(minimum, { error: `must be at least ${minimum} ms` })
    .max(maximum, { error: `must be at most ${maximum} ms` });

const hour = 3_600_000;

const flag = z.boolean({ error: 'must be true or false' });

/** What they are, TypeORM and the placement of controllers find out. */
const listOf = (what: string) => z.array(z.unknown(), { error: `must be an array of ${what}` });

const listenAddress = z
  .string({ error: 'must be a literal IP address and port such as 10.0.0.1:8443' })
  .refine((text) => Address.tryParse(text, { defaultPort: DEFAULT_PORT }) !== undefined, {
    error: 'must be a literal IP address and port such as 10.0.0.1:8443',
  });

const settings = z.object({
  stateDir: z
    .string({ error: 'must name a directory; set it, or the environment variable STATE_DIR' })
    .min(1, { error: 'must name a directory; set it, or the environment variable STATE_DIR' }),
  version: z
    .string({ error: "must be the application's version" })
    .min(1, { error: "must be the application's version" }),
  socketGroup: z
    .string({ error: 'must be the name of a group' })
    .min(1, { error: 'must be the name of a group' })
    .optional(),
  preInitListenAddress: listenAddress.optional(),
  allowPreInitCertificateChanges: flag.default(false),
  servers: z
    .record(
      z.string(),
      z.looseObject({
        serverConfig: z
          .object(
            { address: z.literal('').or(listenAddress) },
            { error: 'must be an object with an address' },
          )
          .optional(),
        drainConnectionsTimeout: milliseconds(0, hour).optional(),
        coreApi: flag.optional(),
        preInit: flag.optional(),
        serveUnix: flag.optional(),
        dedicatedCertificate: flag.optional(),
        resources: listOf('controllers').optional(),
      }),
      { error: 'must map names to settings' },
    )
    .optional(),
  heartbeatIntervalMs: milliseconds(100, hour).default(10_000),
  engine: z.enum(['dqlite', 'sqlite'], { error: "must be 'dqlite' or 'sqlite'" }).optional(),
  networkLatencyMs: milliseconds(1, 60_000).default(200),
  failureDomain: z
    .number({ error: 'must be a whole number from 0' })
    .int({ error: 'must be a whole number from 0' })
    .min(0, { error: 'must be a whole number from 0' })
    .default(0),
  drainConnectionsTimeout: milliseconds(0, hour).default(0),
  maxUntrustedConnections: z
    .number({ error: 'must be a whole number from 16 to 1,000,000' })
    .int({ error: 'must be a whole number from 16 to 1,000,000' })
    .min(16, { error: 'must be a whole number from 16 to 1,000,000' })
    .max(1_000_000, { error: 'must be a whole number from 16 to 1,000,000' })
    .default(DEFAULT_LISTENER_LIMITS.maxUntrustedConnections),
  timeouts: z
    .object({
      request: milliseconds(100, hour).default(30_000),
      statement: milliseconds(100, hour).default(20_000),
      ready: milliseconds(1_000, hour).default(120_000),
      probe: milliseconds(50, hour).default(2_000),
      handover: milliseconds(0, hour).default(10_000),
    })
    .prefault({}),
  metrics: z
    .object({
      address: z
        .string({ error: 'must be ip:port, or :port for loopback' })
        .transform((text) => (text.startsWith(':') ? `127.0.0.1${text}` : text))
        .refine((text) => Address.tryParse(text) !== undefined, {
          error: 'must be ip:port, or :port for loopback',
        })
        .optional(),
      coreApi: z.boolean({ error: 'must be true or false' }).default(false),
    })
    .prefault({}),
  entities: listOf('entities').optional(),
  extensionsSchema: listOf('migration classes or functions').optional(),
  apiExtensions: z.array(z.string(), { error: 'must be an array of names' }).optional(),
  hooks: z.custom<LifecycleHooks>(areHooks, { error: 'must be an object of functions' }).optional(),
  logger: z
    .custom<LoggerService>(isLogger, { error: 'must have the methods log, warn and error' })
    .optional(),
  minimumFreeBytes: z
    .number({ error: 'must be a number of bytes from 0 to 2^40' })
    .int({ error: 'must be a whole number of bytes' })
    .min(0, { error: 'must be at least 0 bytes' })
    .max(2 ** 40, { error: 'must be at most 2^40 bytes' })
    .default(64 * 1024 * 1024),
  backups: z
    .object({
      directory: z
        .string({ error: 'must name a directory' })
        .min(1, { error: 'must name a directory' })
        .transform((directory) => path.resolve(directory)),
      intervalMs: milliseconds(1_000, 365 * 24 * hour).default(24 * hour),
      keep: z
        .number({ error: 'must be a whole number from 1 to 10,000' })
        .int({ error: 'must be a whole number from 1 to 10,000' })
        .min(1, { error: 'must be a whole number from 1 to 10,000' })
        .max(10_000, { error: 'must be a whole number from 1 to 10,000' })
        .default(7),
    })
    .optional(),
});

/** An object, or an instance of a class. */
function areHooks(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((hook: unknown) => hook === undefined || typeof hook === 'function')
  );
}

function isLogger(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['log', 'warn', 'error'].every((name) => typeof Reflect.get(value, name) === 'function')
  );
}

/**
 * Parses what the user passed.
 *
 * @param args settings as given
 * @param environment where `STATE_DIR`, `SOCKET_GROUP` and `MICROCLUSTER_ENGINE` are looked up (`spec/core-api.md` 2)
 * @throws TypeError that lists every wrong field with what is expected of it
 */
export function parseDaemonArgs(
  args: AdjustedDaemonArgs,
  environment: NodeJS.ProcessEnv = process.env,
): ParsedDaemonArgs {
  const parsed = settings.safeParse({
    ...args,
    stateDir: args.stateDir ?? environment['STATE_DIR'],
    socketGroup: args.socketGroup ?? (environment['SOCKET_GROUP'] || undefined),
    engine: args.engine ?? (environment['MICROCLUSTER_ENGINE'] || undefined),
  });
  if (!parsed.success) {
    // A value may break several rules of its field; the first says enough.
    const fields = new Map<string, string>();
    for (const { path: field, message } of parsed.error.issues) {
      const name = field.join('.');
      if (!fields.has(name)) fields.set(name, message);
    }
    const faults = [...fields].map(([name, message]) => `${name} ${message}`);
    throw new TypeError(`The options of MicroclusterModule are not usable: ${faults.join('; ')}`);
  }
  const { data } = parsed;
  return {
    ...data,
    stateDir: path.resolve(data.stateDir),
    socketGroup: data.socketGroup,
    preInitListenAddress: canonical(data.preInitListenAddress),
    engine: data.engine,
    backups: data.backups,
    failureDomain: BigInt(data.failureDomain),
    metrics: { ...data.metrics, address: data.metrics.address },
    hooks: args.hooks ?? {},
    logger: args.logger ?? new Logger('Daemon'),
    entities: args.entities ?? [],
    extensionsSchema: args.extensionsSchema ?? [],
    apiExtensions: args.apiExtensions ?? [],
    servers: args.servers ?? {},
    ...(args.routes !== undefined && { routes: args.routes }),
  };
}

/** The canonical text of an address; a missing port is 8443 (`spec/core-api.md` 4.2). */
function canonical(address: string | undefined): string | undefined {
  return address === undefined
    ? undefined
    : Address.parse(address, { defaultPort: DEFAULT_PORT }).toString();
}
