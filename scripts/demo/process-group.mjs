/** A daemon and what it started: the processes of one process group. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** Whether a process of the group is alive. One that has ended but whose parent does not care is not. */
export function groupIsAlive(group) {
  if (!existsSync('/proc/self/stat')) return signalGroup(group, 0);
  return processesOf(group).length > 0;
}

/** The processes of the group that are alive; on Linux only. */
export function processesOf(group) {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && isAliveIn(group, entry))
    .map(Number);
}

/** Sends a signal to all processes of the group; false when there is none. */
export function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

function isAliveIn(group, pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return false; // it ended meanwhile
  }
  // "pid (name) state ppid pgrp ...", where the name may hold anything.
  const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(pgrp) === group && state !== 'Z' && state !== 'X';
}
