/** What a process holds, as the operating system sees it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Open descriptors and resident memory of a process. */
export interface Resources {
  readonly descriptors: number;
  /** Bytes. */
  readonly memory: number;
}

/** What the process holds now. */
export function resourcesOf(pid: number): Resources {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    memory: Number(kilobytes ?? 0) * 1024,
  };
}

/** How many descriptors this process may open; Node raises the soft limit to the hard one by itself. */
export function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? 0);
}
