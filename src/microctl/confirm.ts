/** Asking before something is changed that cannot be taken back. */
import type { Settings } from './settings.js';

/**
 * Asks a person; where nobody can be asked, or `--yes` was given, goes on.
 *
 * @throws Error when the answer is not `yes`
 */
export async function confirm(
  { terminal, signal }: Settings,
  question: string,
  isAgreed: boolean,
): Promise<void> {
  if (isAgreed || !terminal.isInteractive) return;
  const answer = await terminal.ask(`${question} (yes/no): `, signal);
  if (answer.trim().toLowerCase() !== 'yes') throw new Error('Aborted; nothing was changed');
}
