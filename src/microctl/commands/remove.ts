/** `microctl cluster remove`: removes a member, or says what that would do. */
import type { RemovalPlan } from '@microcluster/nest/client';
import { z } from 'zod';
import { assertAddress } from '../address.js';
import { confirm } from '../confirm.js';
import { appOf, parseAnswer, withDaemon } from '../connection.js';
import { withProgress } from '../progress.js';
import type { Settings } from '../settings.js';

/** The steps that were left out, and why; Go peers say nothing. */
const answerSchema = z.object({
  skipped: z.array(z.object({ step: z.string(), reason: z.string() })).optional(),
});

/** The flags of the command. */
export interface RemoveOptions {
  readonly force?: boolean;
  /** Of a member that only the database knows. */
  readonly address?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Removes a member; prints only which steps were skipped. With `--dry-run`, prints what would happen and changes nothing. */
export async function removeMember(
  settings: Settings,
  name: string,
  options: RemoveOptions,
): Promise<void> {
  const { terminal } = settings;
  if (options.address !== undefined) assertAddress(options.address);
  if (options.dryRun === true) {
    terminal.out(describePlan(await plan(settings, name)));
    return;
  }
  if (terminal.isInteractive && options.yes !== true) {
    // What cannot be predicted, because records disagree, may still be what has to be removed.
    const consequences = await plan(settings, name).then(describePlan, () => '');
    terminal.err(consequences);
  }
  await confirm(settings, `Remove ${name} from the cluster?`, options.yes === true);
  const query = {
    ...(options.force === true && { force: '1' }),
    ...(options.address !== undefined && { address: options.address }),
  };
  const answer = await withProgress(settings, `Removing ${name}`, () =>
    withDaemon(settings, (daemon) =>
      daemon.request('DELETE', `/core/1.0/cluster/${encodeURIComponent(name)}`, { query }),
    ),
  );
  const { skipped = [] } = parseAnswer(answerSchema, 'the removal', answer);
  for (const { step, reason } of skipped) {
    terminal.err(`Warning: the step "${step}" was skipped: ${reason}\n`);
  }
}

async function plan(settings: Settings, name: string): Promise<RemovalPlan> {
  const app = await appOf(settings);
  return withProgress(settings, 'Asking all members', () =>
    app.planRemoval(name, { signal: settings.signal }),
  );
}

function describePlan({ steps, warnings }: RemovalPlan): string {
  return [...steps, ...warnings.map((warning) => `Warning: ${warning}`)]
    .map((line) => `${line}\n`)
    .join('');
}
