/** The command line of `microd`, read into the settings of the application. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../duration.js';

/** What the operator asked for. */
export interface DaemonFlags {
  readonly stateDir: string;
  readonly socketGroup?: string;
  readonly heartbeatIntervalMs?: number;
  /** `debug` shows everything, `verbose` what the daemon does, `info` what an operator acts on. */
  readonly logLevel: 'info' | 'verbose' | 'debug';
  readonly logFormat: 'text' | 'json';
  /** Where metrics are served by plain HTTP. */
  readonly metricsAddress?: string;
}

const SHORTEST_HEARTBEAT_MS = 100;
const LONGEST_HEARTBEAT_MS = 3_600_000;

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
    .option('--heartbeat <duration>', 'time between heartbeats (default: 10s)', heartbeatMs)
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
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return { exitCode: error.exitCode };
    throw error;
  }
  const options = program.opts<{
    stateDir?: string;
    socketGroup?: string;
    heartbeat?: number;
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
    ...(options.heartbeat === undefined ? {} : { heartbeatIntervalMs: options.heartbeat }),
    ...(options.metrics === undefined ? {} : { metricsAddress: options.metrics }),
    logFormat: options.logFormat,
    logLevel: options.debug ? 'debug' : options.verbose ? 'verbose' : 'info',
  };
}

function asError(text: string, write: (text: string) => void): void {
  write(text.replace(/^error: /, 'Error: '));
}

function heartbeatMs(text: string): number {
  let nanoseconds: bigint;
  try {
    nanoseconds = parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  const milliseconds = Number(nanoseconds / 1_000_000n);
  if (milliseconds < SHORTEST_HEARTBEAT_MS || milliseconds > LONGEST_HEARTBEAT_MS) {
    throw new InvalidArgumentError('It must be between 100ms and 1h.');
  }
  return milliseconds;
}
