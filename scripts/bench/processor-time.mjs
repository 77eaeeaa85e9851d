/** Processor time of processes: what an operation costs, however busy the machine is otherwise. */
import { readFileSync, readdirSync } from 'node:fs';

/**
 * Starts to count.
 *
 * @param {readonly number[]} pids processes that live until the end
 * @returns {() => number} microseconds that they have used since, all threads together
 */
export function startCounting(pids) {
  const before = pids.map(nanoseconds);
  return () =>
    pids.reduce((total, pid, at) => total + Math.max(0, nanoseconds(pid) - before[at]), 0) / 1000;
}

function nanoseconds(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) =>
        Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
      )
      .reduce((a, b) => a + b, 0);
  } catch {
    // A thread or the process has ended meanwhile; or the kernel does not tell.
    return 0;
  }
}
