/** The command line of `microd`, read into the settings of the application. */
import { Command, CommanderError, Option } from 'commander';
import { parseDuration } from '../duration.js';
import { DURATIONS, type DurationSetting } from './durations.js';

/** What the operator asked for. */
export interface DaemonFlags {
  readonly stateDir: string;
  readonly socketGroup?: string;
  readonly heartbeatIntervalMs?: number;
  readonly networkLatencyMs?: number;
  /** Milliseconds. */
  readonly drainConnectionsTimeout?: number;
  readonly timeouts?: Readonly<Partial<Record<'request' | 'ready' | 'probe' | 'handover', number>>>;
  /** `debug` shows everything, `verbose` what the daemon does, `info` what an operator acts on. */
  readonly logLevel: 'info' | 'verbose' | 'debug';
  readonly logFormat: 'text' | 'json';
  /** Where metrics are served by plain HTTP. */
  readonly metricsAddress?: string;
}

/**
 * Reads the arguments.
 *
 * @param argv the arguments after the program's name
 * @param environment `STATE_DIR` stands in for a missing `--state-dir`
 * @returns the flags, or the exit code when help or the version was asked for, or the arguments are wrong
 *   (the text has then been written)
 */
export function parseFlags(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  version: string,
  write: { out(text: string): void; err(text: string): void },
): DaemonFlags | { readonly exitCode: number } {
  const program = new Command('microd')
    .description('Example daemon: a cluster member that keeps items')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--state-dir <dir>', 'directory of everything this member keeps [env: STATE_DIR]')
    .option('--socket-group <group>', 'group that owns the control socket [env: SOCKET_GROUP]')
    .option('--metrics <address>', 'serve metrics by plain HTTP at ip:port; :port is on loopback')
    .addOption(
      new Option('--log-format <format>', 'lines for people, or a JSON object in each line')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('-v, --verbose', 'log what the daemon does')
    .option('-d, --debug', 'log everything')
    .configureOutput({ writeOut: write.out, writeErr: write.err, outputError: asError })
    .showHelpAfterError('See "microd --help".')
    .allowExcessArguments(false)
    .exitOverride();
  for (const { flag, variable, description } of DURATIONS) {
    program.option(`--${flag} <duration>`, `${description} [env: ${variable}]`);
  }
  let durations: Durations;
  try {
    program.parse([...argv], { from: 'user' });
    durations = readDurations(program, environment);
  } catch (error) {
    if (error instanceof CommanderError) return { exitCode: error.exitCode };
    throw error;
  }
  const options = program.opts<{
    stateDir?: string;
    socketGroup?: string;
    metrics?: string;
    logFormat: 'text' | 'json';
    verbose?: boolean;
    debug?: boolean;
  }>();
  const stateDir = options.stateDir || environment['STATE_DIR'];
  if (!stateDir) {
    write.err('Error: Missing state directory: pass --state-dir or set STATE_DIR\n');
    return { exitCode: 1 };
  }
  return {
    stateDir,
    ...(options.socketGroup === undefined ? {} : { socketGroup: options.socketGroup }),
    ...(options.metrics === undefined ? {} : { metricsAddress: options.metrics }),
    logFormat: options.logFormat,
    ...settingsOf(durations),
    logLevel: options.debug ? 'debug' : options.verbose ? 'verbose' : 'info',
  };
}

function asError(text: string, write: (text: string) => void): void {
  write(text.replace(/^error: /, 'Error: '));
}

type Durations = ReadonlyMap<DurationSetting['flag'], number>;

/** Milliseconds of those that were given, on the command line or else in the environment. */
function readDurations(
  program: Command,
  environment: Readonly<Record<string, string | undefined>>,
): Durations {
  const given = new Map<DurationSetting['flag'], number>();
  for (const setting of DURATIONS) {
    const { flag, variable } = setting;
    const onCommandLine: unknown = program.getOptionValue(camelCase(flag));
    const [text, source] =
      typeof onCommandLine === 'string'
        ? [onCommandLine, `option '--${flag} <duration>'`]
        : [environment[variable] || undefined, `environment variable ${variable}`];
    if (text === undefined) continue;
    try {
      given.set(flag, milliseconds(text, setting));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      program.error(`error: ${source} value '${text}' is invalid. ${reason}`);
    }
  }
  return given;
}

function milliseconds(text: string, { shortestMs, longestMs, range }: DurationSetting): number {
  const value = Number(parseDuration(text) / 1_000_000n);
  if (value < shortestMs || value > longestMs) throw new Error(`It must be ${range}.`);
  return value;
}

function settingsOf(durations: Durations): Partial<DaemonFlags> {
  const heartbeat = durations.get('heartbeat');
  const latency = durations.get('network-latency');
  const drain = durations.get('drain-timeout');
  const limits = (['request', 'ready', 'probe', 'handover'] as const).flatMap((name) => {
    const limit = durations.get(`${name}-timeout`);
    return limit === undefined ? [] : [[name, limit] as const];
  });
  return {
    ...(heartbeat !== undefined && { heartbeatIntervalMs: heartbeat }),
    ...(latency !== undefined && { networkLatencyMs: latency }),
    ...(drain !== undefined && { drainConnectionsTimeout: drain }),
    ...(limits.length > 0 && { timeouts: Object.fromEntries(limits) }),
  };
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
