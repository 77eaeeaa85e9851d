/** What a daemon has started, as the operating system sees it. */
import { readFileSync, readdirSync } from 'node:fs';

/** The process that holds the daemon's database. @throws Error when there is none */
export function databaseProcess(daemon: number): number {
  const found = children(daemon).find((pid) => commandLine(pid).includes('microcluster-database'));
  if (found === undefined) throw new Error(`process ${daemon} has no database process`);
  return found;
}

/** The process that holds the daemon's database or, a moment earlier, is going to. @throws Error when there is none */
export function startingDatabaseProcess(daemon: number): number {
  const [found] = children(daemon);
  if (found === undefined) throw new Error(`process ${daemon} has started no process`);
  return found;
}

/** Whether the process runs; one that has ended but was not waited for does not. */
export function isAlive(pid: number): boolean {
  return /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`));
}

function children(parent: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  const status = read(`/proc/${pid}/status`);
  const line = /^PPid:\s+(\d+)$/m.exec(status)?.[1];
  return line === undefined ? undefined : Number(line);
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // the process ended meanwhile
  }
}
