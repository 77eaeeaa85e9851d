/** The commands of `microctl`, their flags and their help. What they do is loaded only when it is needed. */
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { packageVersion } from '../version.js';
import { parseTimeLimit } from '../duration.js';
import { describeError } from './errors.js';
import type { Settings } from './settings.js';
import type { Terminal } from './terminal.js';

const FORMATS = 'table|json|yaml|csv|compact';
const FAILURE = 1;

interface GlobalOptions {
  readonly stateDir?: string;
  readonly debug?: boolean;
  readonly verbose?: boolean;
  readonly timeout: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs one command line.
 *
 * @param argv the arguments after the program's name
 * @param environment `STATE_DIR` stands in for a missing `--state-dir`
 * @returns the exit code: 0 when done (also after printing help), 1 when anything failed
 */
export async function run(
  argv: readonly string[],
  environment: Environment,
  terminal: Terminal,
): Promise<number> {
  let debug = false;
  const program = createProgram(environment, terminal);
  program.hook('preAction', (_, action) => {
    debug = action.optsWithGlobals<GlobalOptions>().debug === true;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    terminal.err(`Error: ${describeError(error)}\n`);
    if (debug && error instanceof Error) terminal.err(`${error.stack ?? ''}\n`);
    return FAILURE;
  }
}

function createProgram(environment: Environment, terminal: Terminal): Command {
  const program = new Command('microctl')
    .description('Command line for a cluster member (see microd)')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .option('--state-dir <dir>', 'state directory of the daemon [env: STATE_DIR]')
    .option('-v, --verbose', 'show each request on standard error')
    .option('-d, --debug', 'show where an error comes from')
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')),
    })
    .exitOverride();
  groupOf(program);

  /** The settings of a command about to run. */
  function settings(command: Command): Settings {
    const options = command.optsWithGlobals<GlobalOptions>();
    const stateDir = options.stateDir || environment['STATE_DIR'];
    if (!stateDir) throw new Error('Missing state directory: pass --state-dir or set STATE_DIR');
    return {
      stateDir: resolve(stateDir),
      timeoutMs: options.timeout,
      verbose: options.verbose === true || options.debug === true,
      terminal,
    };
  }

  leaf(program, 'init <name> <address>', 'Make this daemon a member of a cluster', '5m')
    .option('--bootstrap', 'found a new cluster')
    .option('--token <token>', 'join the cluster that issued this token')
    .option('--config <key=value>', 'setting for the hooks; repeatable', commaList, [])
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  microctl init c1 10.0.0.1:9000 --bootstrap\n' +
        '  microctl init c2 10.0.0.2:9000 --token "$(ssh c1 microctl tokens add c2)"',
    )
    .action(async (name: string, address: string, options: InitFlags, command: Command) => {
      const { init } = await import('./commands/init.js');
      await init(settings(command), name, address, options);
    });

  const cluster = groupOf(program.command('cluster').description('List and change the members'));
  leaf(cluster, 'list', 'List the members of the cluster', '30s')
    .option('-l, --local', 'only what this machine knows, without asking the daemon')
    .option('-f, --format <format>', FORMATS, 'table')
    .action(async (options: { local?: boolean; format: string }, command: Command) => {
      const { listMembers, listLocalMembers } = await import('./commands/cluster.js');
      await (options.local ? listLocalMembers : listMembers)(settings(command), options.format);
    });
  leaf(cluster, 'remove <name>', 'Remove a member from the cluster', '5m')
    .option('-f, --force', 'also when the member cannot be reached or a hook fails')
    .action(async (name: string, options: { force?: boolean }, command: Command) => {
      const { removeMember } = await import('./commands/cluster.js');
      await removeMember(settings(command), name, options.force === true);
    });

  const tokens = groupOf(program.command('tokens').description('Manage the tokens for joining'));
  leaf(tokens, 'add <name>', 'Print a token with which the named machine can join once', '30s')
    .option('-e, --expire-after <duration>', 'how long the token is valid; 0 is for ever', '3h')
    .action(async (name: string, options: { expireAfter: string }, command: Command) => {
      const { addToken } = await import('./commands/tokens.js');
      await addToken(settings(command), name, options.expireAfter);
    });
  leaf(tokens, 'list', 'List the tokens that can still be used', '30s')
    .option('-f, --format <format>', FORMATS, 'table')
    .action(async (options: { format: string }, command: Command) => {
      const { listTokens } = await import('./commands/tokens.js');
      await listTokens(settings(command), options.format);
    });
  leaf(tokens, 'revoke <name>', 'Make a token useless', '30s').action(
    async (name: string, _options: unknown, command: Command) => {
      const { revokeToken } = await import('./commands/tokens.js');
      await revokeToken(settings(command), name);
    },
  );

  leaf(program, 'sql <query>', 'Run SQL on the database of the cluster', '30s')
    .addHelpText(
      'after',
      '\nThe query may be ".dump" or ".schema" (print the database as SQL), or "-" (read standard input).',
    )
    .action(async (query: string, _options: unknown, command: Command) => {
      const { sql } = await import('./commands/sql.js');
      await sql(settings(command), query);
    });

  leaf(program, 'shutdown', 'Stop the daemon', '2m').action(
    async (_options: unknown, command: Command) => {
      const { shutdown } = await import('./commands/shutdown.js');
      await shutdown(settings(command));
    },
  );

  leaf(program, 'waitready', 'Wait until the daemon is ready', '0').action(
    async (_options: unknown, command: Command) => {
      const { waitReady } = await import('./commands/waitready.js');
      await waitReady(settings(command));
    },
  );
  return program;
}

interface InitFlags {
  readonly bootstrap?: boolean;
  readonly token?: string;
  readonly config: readonly string[];
}

/** Adds a command that does something; a wrong number of arguments prints its help. */
function leaf(parent: Command, usage: string, description: string, timeout: string): Command {
  const command = parent.command(usage).description(description);
  const limit = new Option('-t, --timeout <time>', 'time limit: seconds, or like 1m30s; 0 is none')
    .default(parseTimeLimit(timeout), timeout)
    .argParser(timeLimit);
  return command
    .addOption(limit)
    .allowExcessArguments(false)
    .exitOverride((error) => {
      if (
        error.code === 'commander.missingArgument' ||
        error.code === 'commander.excessArguments'
      ) {
        command.outputHelp();
        throw new CommanderError(0, error.code, error.message);
      }
      throw error;
    });
}

/** Makes a command that only has commands below it say so. */
function groupOf(command: Command): Command {
  return command.allowExcessArguments(true).action((_options: unknown, self: Command) => {
    const [unknown] = self.args;
    if (unknown === undefined) self.outputHelp();
    else self.error(`error: unknown command "${unknown}" for "${fullName(self)}"`);
  });
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

function commaList(text: string, before: readonly string[]): string[] {
  return [...before, ...text.split(',')];
}

function timeLimit(text: string): number {
  try {
    return parseTimeLimit(text);
  } catch (error) {
    throw new InvalidArgumentError(describeError(error));
  }
}
