/** Ends a member whose test process has died; the member itself may stand still, and would not notice. */
import { spawn } from 'node:child_process';

/** Told a line, it goes; told nothing any more, it kills. */
const PROGRAM = 'read -r _ || kill -s KILL -- "-$0"';

/**
 * A process that outlives this one for a moment.
 *
 * @param group id of the process group that must not outlive this process
 * @returns lets the keeper go, once the group has ended
 */
export function keep(group: number): () => void {
  const keeper = spawn('/bin/sh', ['-c', PROGRAM, String(group)], {
    // A signal to this process's group must not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  keeper.unref();
  keeper.stdin.on('error', () => {
    // It has gone already.
  });
  return () => void keeper.stdin.end('\n');
}
