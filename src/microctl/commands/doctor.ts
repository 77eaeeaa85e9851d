/** `microctl doctor`: compares what all members know, and prints what is wrong with the command that repairs it. */
import type { Diagnosis, Finding, Fix } from '@microcluster/nest/client';
import { confirm } from '../confirm.js';
import { appOf } from '../connection.js';
import { describeError } from '../errors.js';
import { assertFormat, render, type Format } from '../output/render.js';
import { wrap } from '../output/wrap.js';
import { withProgress } from '../progress.js';
import type { Settings } from '../settings.js';

/** Exit code when the command worked and something is wrong with the cluster. */
const PROBLEMS = 2;
/** Width of the column of findings in tables, characters. */
const FINDING_WIDTH = 52;

/** The flags of the command. */
export interface DoctorOptions {
  readonly format: string;
  readonly fix?: boolean;
  readonly yes?: boolean;
}

/** @returns the exit code: 0 when nothing is wrong, 2 when something is */
export async function doctor(settings: Settings, options: DoctorOptions): Promise<number> {
  const { format } = options;
  assertFormat(format);
  const { terminal } = settings;
  if (options.fix === true && options.yes !== true && !terminal.isInteractive) {
    throw new Error('doctor --fix changes the cluster: pass --yes, as nobody can be asked here');
  }
  let diagnosis = await diagnose(settings);
  const fixable = diagnosis.findings.flatMap(({ fix, problem }) =>
    fix === undefined ? [] : [{ fix, problem }],
  );
  if (options.fix === true && fixable.length > 0) {
    for (const { problem } of fixable) terminal.err(`To be repaired: ${problem}\n`);
    await confirm(settings, `Repair ${counted(fixable.length, 'finding')}?`, options.yes === true);
    for (const { fix, problem } of fixable) await repair(settings, fix, problem);
    diagnosis = await diagnose(settings);
  }
  print(settings, format, diagnosis);
  return diagnosis.findings.some(({ severity }) => severity !== 'info') ? PROBLEMS : 0;
}

async function diagnose(settings: Settings): Promise<Diagnosis> {
  const app = await appOf(settings);
  return withProgress(settings, 'Examining the cluster', (progress) =>
    app.diagnose({ signal: settings.signal, onProgress: progress.detail }),
  );
}

/** One repair that fails does not prevent the next; the end of the command does. */
async function repair(settings: Settings, fix: Fix, problem: string): Promise<void> {
  const { terminal, timeoutMs, signal } = settings;
  signal.throwIfAborted();
  try {
    await (await appOf(settings)).repair(fix, { timeoutMs, signal });
    terminal.err(`Repaired: ${problem}\n`);
  } catch (error) {
    terminal.err(`Not repaired: ${problem}: ${describeError(error)}\n`);
  }
}

function print({ terminal }: Settings, format: Format, { findings, members }: Diagnosis): void {
  if (findings.length === 0 && (format === 'table' || format === 'compact')) {
    terminal.out(`Nothing is wrong with ${counted(members, 'member')}.\n`);
    return;
  }
  const isTable = format === 'table';
  terminal.out(
    render(format, {
      header: ['SEVERITY', 'CHECK', 'MEMBER', 'FINDING', 'REPAIR'],
      rows: findings.map((one) => [
        one.severity,
        one.check,
        one.member,
        isTable ? wrap(one.problem, FINDING_WIDTH) : one.problem,
        one.repair,
      ]),
      objects: findings.map(withoutFix),
      isSorted: true,
    }),
  );
}

/** What is printed of a finding; `fixable` tells whether `--fix` repairs it. */
function withoutFix({ fix, ...finding }: Finding): unknown {
  return { ...finding, fixable: fix !== undefined };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
