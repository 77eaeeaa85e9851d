/** What a daemon does about recoveries before anything else at its start: completes an interrupted one, loads a waiting one. */
import { MicroclusterError } from '../errors/microcluster-error.js';
import { loadSteps, prepareLoad } from './load.js';
import { readPlan, type RecoveryPlan } from './plan.js';
import { readOwnId, rewriteSteps } from './rewrite.js';
import { runSteps, type RecoveryStep } from './steps.js';
import { APPLIED_TARBALL, TARBALL, takeForeignTarball } from './tarball.js';

/** Where it is said what was done; a Nest logger fits. */
export interface RecoveryLog {
  warn(message: unknown): void;
}

/** The steps that carry a plan out. */
export function stepsOf(stateDir: string, plan: RecoveryPlan): readonly RecoveryStep[] {
  return plan.kind === 'rewrite' ? rewriteSteps(stateDir, plan) : loadSteps(stateDir, plan);
}

/**
 * Completes a recovery that was interrupted.
 *
 * @returns what was completed
 * @throws MicroclusterError or DqliteError when a step fails; it is tried again the next time
 */
export async function completeInterrupted(stateDir: string): Promise<RecoveryPlan | undefined> {
  const plan = await readPlan(stateDir);
  if (plan !== undefined) await runSteps(stepsOf(stateDir, plan));
  return plan;
}

/**
 * Brings a state directory, held by the caller, to where no recovery is under way.
 *
 * @throws MicroclusterError when a waiting archive cannot be loaded; nothing of the member has changed then
 */
export async function recoverAtStart(stateDir: string, log: RecoveryLog): Promise<void> {
  const completed = await completeInterrupted(stateDir);
  if (completed !== undefined) log.warn({ event: 'recovery-completed', kind: completed.kind });
  const waiting = await takeForeignTarball(stateDir);
  if (waiting === 'own') log.warn({ event: 'recovery-archive-kept', file: APPLIED_TARBALL });
  if (waiting !== 'foreign') return;
  if ((await readOwnId(stateDir)) === undefined) {
    const reason = `${TARBALL} is in the state directory ${stateDir}, but no member's database that it could replace; remove it`;
    throw new MicroclusterError('BAD_REQUEST', { reason });
  }
  const plan = await prepareLoad(stateDir, new Date());
  await runSteps(loadSteps(stateDir, plan));
  log.warn({ event: 'recovery-loaded', members: plan.members.map(({ name }) => name) });
}
