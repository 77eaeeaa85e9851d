/** The long run: `npm run test:faults -- --help`. */
import { parseOptions, USAGE } from './arguments.js';
import { reportText } from './report/print.js';
import { isClean } from './report/report.js';
import { runUnderFaults } from './run.js';

/** @returns the exit status: 0 when every promise was kept, 1 when not, 2 for a wrong command line */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n`);
    return options === USAGE ? 0 : 2;
  }
  const interruption = new AbortController();
  const interrupt = (): void => {
    process.stdout.write('interrupted: ending what is under way\n');
    interruption.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(`seed ${options.seed}: repeat this run with --seed ${options.seed}`);
  const report = await runUnderFaults({ ...options, signal: interruption.signal, say });
  say(reportText(report));
  return isClean(report) ? 0 : 1;
}
