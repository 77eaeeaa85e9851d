/** How much memory a daemon takes when it has nothing to do: itself and its database process. */
import { readFileSync } from 'node:fs';
import { processesOf } from '../demo/process-group.mjs';

/**
 * @param {import('../demo/member.mjs').Member} member a running one
 * @returns {{daemonMiB: number, databaseMiB: number}} resident sets
 */
export function residentMemory(member) {
  const sizes = processesOf(member.pid).map((pid) => ({ pid, size: residentMiB(pid) }));
  const sum = (of) => of.reduce((total, { size }) => total + size, 0);
  return {
    daemonMiB: sum(sizes.filter(({ pid }) => pid === member.pid)),
    databaseMiB: sum(sizes.filter(({ pid }) => pid !== member.pid)),
  };
}

function residentMiB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024);
}
