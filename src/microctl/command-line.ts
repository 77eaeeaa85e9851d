/** How commands are declared: their time limit, their help, and what a wrong number of arguments does. */
import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseTimeLimit } from '../duration.js';
import { describeError } from './errors.js';

/** Timers of Node hold no more, and fire at once when they are given it; milliseconds. */
const LONGEST_LIMIT_MS = 2 ** 31 - 1;

/** Adds a command that does something; a wrong number of arguments prints its help. */
export function leaf(
  parent: Command,
  usage: string,
  description: string,
  timeout: string,
): Command {
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
export function groupOf(command: Command): Command {
  return command.allowExcessArguments(true).action((_options: unknown, self: Command) => {
    const [unknown] = self.args;
    if (unknown === undefined) self.outputHelp();
    else self.error(`error: unknown command "${unknown}" for "${fullName(self)}"`);
  });
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

/** Collects the values of a repeatable option, each of which may be a comma list. */
export function commaList(text: string, before: readonly string[]): string[] {
  return [...before, ...text.split(',')];
}

/** Whether the time limit was given on the command line, rather than being the default. */
export function isLimitGiven(command: Command): boolean {
  return command.getOptionValueSource('timeout') === 'cli';
}

function timeLimit(text: string): number {
  const limit = parseLimit(text);
  if (limit <= LONGEST_LIMIT_MS) return limit;
  throw new InvalidArgumentError(
    `Invalid duration "${text}": the longest limit is 596h31m; 0 is none`,
  );
}

function parseLimit(text: string): number {
  try {
    return parseTimeLimit(text);
  } catch (error) {
    throw new InvalidArgumentError(describeError(error));
  }
}
