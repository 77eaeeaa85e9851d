/** A daemon and what it started: the processes of one process group. */
import { readFileSync, readdirSync } from 'node:fs';

/** Whether a process of the group is alive; one that has ended but was not waited for is not. */
export function groupIsAlive(group: number): boolean {
  return readdirSync('/proc').some((entry) => /^\d+$/.test(entry) && isAliveIn(group, entry));
}

/** Sends a signal to all processes of the group; false when there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

function isAliveIn(group: number, pid: string): boolean {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return false; // it ended meanwhile
  }
  // "pid (name) state ppid pgrp ...", where the name may hold anything.
  const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(pgrp) === group && state !== 'Z' && state !== 'X';
}
