/** The commands of `microctl`, their flags and their help. What they do is loaded only when it is needed. */
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../version.js';
import { commaList, groupOf, isLimitGiven, leaf } from './command-line.js';
import { CommandLimit } from './command-limit.js';
import type { DoctorOptions } from './commands/doctor.js';
import type { EventsOptions } from './commands/events.js';
import type { InitOptions } from './commands/init.js';
import type { RemoveOptions } from './commands/remove.js';
import type { AddTokenOptions } from './commands/tokens.js';
import { describeError } from './errors.js';
import type { Settings } from './settings.js';
import type { Terminal } from './terminal.js';

const FORMATS = 'table|json|yaml|csv|compact';
const EVENT_FORMATS = 'lines|json';
const FAILURE = 1;
/** As shells report a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

interface GlobalOptions {
  readonly stateDir?: string;
  readonly debug?: boolean;
  readonly verbose?: boolean;
  readonly timeout: number;
}

interface ListOptions {
  readonly local?: boolean;
  readonly format: string;
  readonly watch?: boolean;
}

/**
 * What it means that the limit has passed: the command has failed, or has shown things for as long as it should.
 * Some commands keep to the limit themselves.
 */
type AtLimit = 'fail' | 'end' | 'own';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs one command line.
 *
 * @param argv the arguments after the program's name
 * @param environment `STATE_DIR` stands in for a missing `--state-dir`
 * @param signal aborted by Ctrl-C; the command ends its requests and gives up
 * @returns the exit code: 0 when done (also after printing help), 1 when anything failed, 2 when the doctor
 *   found a problem, 130 when interrupted
 */
export async function run(
  argv: readonly string[],
  environment: Environment,
  terminal: Terminal,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  const outcome = { code: 0, debug: false };
  const program = createProgram(environment, terminal, signal, outcome);
  program.hook('preAction', (_, action) => {
    outcome.debug = action.optsWithGlobals<GlobalOptions>().debug === true;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (signal.aborted) {
      terminal.err('Interrupted\n');
      return INTERRUPTED;
    }
    terminal.err(`Error: ${describeError(error)}\n`);
    if (outcome.debug && error instanceof Error) terminal.err(`${error.stack ?? ''}\n`);
    return FAILURE;
  }
}

function createProgram(
  environment: Environment,
  terminal: Terminal,
  signal: AbortSignal,
  outcome: { code: number },
): Command {
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
      signal,
    };
  }

  /**
   * Runs what a command does, and keeps its exit code. A limit that was given is one of all that it does; the
   * default, which would cut what has always been waited for, is one of each request.
   */
  async function perform(
    command: Command,
    work: (settings: Settings) => Promise<number | void>,
    atLimit: AtLimit = 'fail',
  ): Promise<void> {
    const of = settings(command);
    const isLimited = atLimit !== 'own' && isLimitGiven(command);
    const limit = new CommandLimit(isLimited ? of.timeoutMs : 0);
    const both = AbortSignal.any([signal, limit.signal]);
    try {
      outcome.code = (await work({ ...of, signal: both, terminal: limit.sparing(terminal) })) ?? 0;
    } catch (error) {
      if (signal.aborted || !limit.signal.aborted) throw error;
      if (atLimit === 'fail') throw limit.failure(error);
    } finally {
      limit.stop();
    }
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
    .action((name: string, address: string, options: InitOptions, command: Command) =>
      perform(command, async (of) => {
        const { init } = await import('./commands/init.js');
        return init(of, name, address, options);
      }),
    );

  const cluster = groupOf(program.command('cluster').description('List and change the members'));
  leaf(cluster, 'list', 'List the members of the cluster', '30s')
    .option('-l, --local', 'only what this machine knows, without asking the daemon')
    .option('-f, --format <format>', FORMATS, 'table')
    .option('-w, --watch', 'print the list again whenever something happens to the cluster')
    .action((options: ListOptions, command: Command) =>
      options.watch
        ? perform(command, (of) => watchList(of, command, options), 'end')
        : perform(command, async (of) => {
            const { listMembers, listLocalMembers } = await import('./commands/cluster.js');
            return (options.local ? listLocalMembers : listMembers)(of, options.format);
          }),
    );
  leaf(cluster, 'edit', 'Recover a cluster that has lost its majority', '0')
    .option('-y, --yes', 'do not ask; needed where nobody can be asked')
    .addHelpText(
      'after',
      '\nRun it on one member while all daemons are stopped. Addresses and roles may change. Opens $EDITOR, or' +
        '\nreads the list from standard input where that is no terminal.',
    )
    .action((options: { readonly yes?: boolean }, command: Command) =>
      perform(command, async (of) => {
        const { editCluster } = await import('./commands/cluster-edit.js');
        return editCluster(of, options.yes === true);
      }),
    );
  leaf(cluster, 'remove <name>', 'Remove a member from the cluster', '5m')
    .option('-f, --force', 'also when the member cannot be reached or a hook fails')
    .option('--address <address>', 'of a member that only the database knows')
    .option('--dry-run', 'only say what would happen to quorum and roles')
    .option('-y, --yes', 'do not ask; without a terminal nothing asks')
    .action((name: string, options: RemoveOptions, command: Command) =>
      perform(command, async (of) => {
        const { removeMember } = await import('./commands/remove.js');
        return removeMember(of, name, options);
      }),
    );

  leaf(program, 'events', 'Show what happens to the cluster, as this member notices it', '0')
    .option('-f, --format <format>', EVENT_FORMATS, 'lines')
    .option('--after <id>', 'begin after the event with this id (see --format json)')
    .action((options: EventsOptions, command: Command) =>
      perform(
        command,
        async (of) => {
          const { showEvents } = await import('./commands/events.js');
          return showEvents(of, options);
        },
        'end',
      ),
    );

  const tokens = groupOf(program.command('tokens').description('Manage the tokens for joining'));
  leaf(tokens, 'add <name>', 'Print a token with which the named machine can join once', '30s')
    .option('-e, --expire-after <duration>', 'how long the token is valid; 0 is for ever', '3h')
    .option('--any-name', 'let the machine that joins choose its name')
    .action((name: string, options: AddTokenOptions, command: Command) =>
      perform(command, async (of) => {
        const { addToken } = await import('./commands/tokens.js');
        return addToken(of, name, options);
      }),
    );
  leaf(tokens, 'list', 'List the tokens that can still be used', '30s')
    .option('-f, --format <format>', FORMATS, 'table')
    .action((options: { readonly format: string }, command: Command) =>
      perform(command, async (of) => {
        const { listTokens } = await import('./commands/tokens.js');
        return listTokens(of, options.format);
      }),
    );
  leaf(tokens, 'revoke <name>', 'Make a token useless', '30s').action(
    (name: string, _options: unknown, command: Command) =>
      perform(command, async (of) => {
        const { revokeToken } = await import('./commands/tokens.js');
        return revokeToken(of, name);
      }),
  );

  const certificates = groupOf(
    program.command('certificates').description('Replace certificates on all members'),
  );
  leaf(certificates, 'set <name> <certificate> <key>', 'Replace a certificate and its key', '5m')
    .option('--ca <file>', 'certificate of the authority that signed it')
    .addHelpText(
      'after',
      '\nThe name is "cluster", or that of an additional server; the files are PEM.',
    )
    .action(
      (
        name: string,
        certificate: string,
        key: string,
        options: { readonly ca?: string },
        command: Command,
      ) =>
        perform(command, async (of) => {
          const { setCertificate } = await import('./commands/certificates.js');
          return setCertificate(of, name, { certificate, key, ...options });
        }),
    );

  leaf(certificates, 'renew [certificate] [key]', "Replace this member's own certificate", '5m')
    .addHelpText(
      'after',
      '\nWithout files, which are PEM, the daemon makes a certificate that is valid for ten years.',
    )
    .action(
      (certificate: string | undefined, key: string | undefined, _: object, command: Command) =>
        perform(command, async (of) => {
          const { renewCertificate } = await import('./commands/certificates.js');
          if (certificate === undefined) return renewCertificate(of);
          if (key === undefined) throw new Error('Give the key of the certificate as well');
          return renewCertificate(of, { certificate, key });
        }),
    );

  leaf(program, 'sql <query>', 'Run SQL on the database of the cluster', '30s')
    .option('--transaction', 'keep all of the statements or none')
    .addHelpText(
      'after',
      '\nThe query may be ".dump" or ".schema" (print the database as SQL), or "-" (read standard input).',
    )
    .action((query: string, options: { readonly transaction?: boolean }, command: Command) =>
      perform(command, async (of) => {
        const { sql } = await import('./commands/sql.js');
        return sql(of, query, options);
      }),
    );

  leaf(program, 'backup [file]', 'Write a backup of the database to a file', '0')
    .addHelpText(
      'after',
      '\nThe cluster goes on writing. Where the daemon is stopped, the backup is made from its files.',
    )
    .action((file: string | undefined, _options: unknown, command: Command) =>
      perform(command, async (of) => {
        const { backUp } = await import('./commands/backup.js');
        return backUp(of, file);
      }),
    );
  leaf(program, 'restore <file>', 'Replace the data of the cluster by a backup', '0')
    .option('-y, --yes', 'do not ask; needed where nobody can be asked')
    .action((file: string, options: { readonly yes?: boolean }, command: Command) =>
      perform(command, async (of) => {
        const { restore } = await import('./commands/backup.js');
        return restore(of, file, options.yes === true);
      }),
    );

  leaf(
    program,
    'extended [address]',
    'Have a member ask all others, and print their answers',
    '30s',
  )
    .addHelpText('after', '\nWith an address, the member there asks; otherwise the local one.')
    .action((address: string | undefined, _options: unknown, command: Command) =>
      perform(command, async (of) => {
        const { extended } = await import('./commands/extended.js');
        return extended(of, address);
      }),
    );

  leaf(program, 'doctor', 'Compare what all members know, and say how to repair it', '30s')
    .option('-f, --format <format>', FORMATS, 'table')
    .option('--fix', 'carry out the repairs that are safe')
    .option('-y, --yes', 'repair without asking; needed where nobody can be asked')
    .addHelpText('after', '\nExits with 0 when nothing is wrong, with 2 when something is.')
    .action((options: DoctorOptions, command: Command) =>
      perform(command, async (of) => {
        const { doctor } = await import('./commands/doctor.js');
        return doctor(of, options);
      }),
    );

  leaf(program, 'shutdown', 'Stop the daemon', '2m').action((_options: unknown, command: Command) =>
    perform(command, async (of) => {
      const { shutdown } = await import('./commands/shutdown.js');
      return shutdown(of);
    }),
  );

  leaf(program, 'waitready', 'Wait until the daemon is ready', '0').action(
    (_options: unknown, command: Command) =>
      perform(
        command,
        async (of) => {
          const { waitReady } = await import('./commands/waitready.js');
          return waitReady(of);
        },
        'own',
      ),
  );

  program
    .command('completion <shell>')
    .description('Print the completion for bash, zsh or fish')
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion.js');
      terminal.out(completionScript(shell, program));
    });
  return program;
}

/** Lists again and again. The default limit is one of a single list, so that here it is none. */
async function watchList(of: Settings, command: Command, options: ListOptions): Promise<void> {
  if (options.local) throw new Error('--watch asks the daemon, which --local does not');
  const { watchMembers } = await import('./commands/watch.js');
  return watchMembers(isLimitGiven(command) ? of : { ...of, timeoutMs: 0 }, options.format);
}
