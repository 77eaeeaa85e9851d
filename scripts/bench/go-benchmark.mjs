/**
 * Debian's dqlite-benchmark (Go): three nodes over plain TCP, the load in the leader's process.
 *
 * It starts its load before the second and third node vote, when a write needs one disk instead of two. That part is
 * left out here: only what happened while all three voted is counted.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freeAddresses } from '../demo/ports.mjs';
import { waitFor } from '../demo/wait.mjs';
import { startCounting } from './processor-time.mjs';
import { summarise } from './statistics.mjs';

const VOTERS_LIMIT_MS = 45_000;
const QUESTION_LIMIT_MS = 2_000;
/** The second node is promoted within a round, the third some seconds later; the load goes on meanwhile. */
const ROUND_UP_SECONDS = 10;

/** @param {{directory: string, workers: number, durationMs: number}} options */
export async function goBenchmark({ directory, workers, durationMs }) {
  for (let extra = ROUND_UP_SECONDS; ; extra *= 2) {
    const figures = await whileAllVote(join(directory, String(extra)), workers, durationMs, extra);
    if (figures !== undefined) return figures;
    if (extra * 1000 > VOTERS_LIMIT_MS)
      throw new Error('dqlite-benchmark: its nodes never all voted');
  }
}

/** Undefined when the load ended too early. */
async function whileAllVote(directory, workers, durationMs, extraSeconds) {
  const addresses = await freeAddresses(3);
  const [leader] = addresses;
  const nodes = [];
  const folderOf = (address) => join(directory, address);
  const start = (address, args) => {
    const all = ['--db', address, '--dir', folderOf(address), ...args];
    const child = spawn('dqlite-benchmark', all, { stdio: 'ignore' });
    nodes.push(child);
    return child;
  };
  try {
    await Promise.all(addresses.map((address) => mkdir(folderOf(address), { recursive: true })));
    const seconds = String(Math.ceil(durationMs / 1000) + extraSeconds);
    const load = ['--workers', String(workers), '--duration', seconds];
    const driver = start(leader, ['--driver', '--cluster', addresses.join(','), ...load]);
    const ended = once(driver, 'exit');
    for (const address of addresses.slice(1)) start(address, ['--join', leader]);
    await waitFor('the nodes of dqlite-benchmark vote', VOTERS_LIMIT_MS, async () =>
      (await votersOf(leader)) === 3 || driver.exitCode !== null ? true : undefined,
    );
    const processorTime = startCounting(nodes.map(({ pid }) => pid));
    const from = Date.now();
    await Promise.race([sleep(durationMs), ended]);
    const to = Date.now();
    const cpuMicros = processorTime();
    const isWhole = driver.exitCode === null;
    const [code] = await ended;
    if (code !== 0) throw new Error(`dqlite-benchmark ended with code ${code}`);
    if (!isWhole) return undefined;
    return await readResults(join(folderOf(leader), leader, 'results'), from, to, cpuMicros);
  } finally {
    await Promise.all(nodes.map(end));
  }
}

async function votersOf(address) {
  const { DqliteConnection, dialTcp } = await import('@microcluster/dqlite');
  const limit = { deadlineMs: QUESTION_LIMIT_MS };
  const connection = await DqliteConnection.connect({ dial: dialTcp, address, ...limit });
  try {
    return (await connection.cluster(limit)).filter(({ role }) => role === 'voter').length;
  } finally {
    connection.close();
  }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** One file for each worker: figures, then a line `timestamp milliseconds` or `timestamp error` for each attempt. */
async function readResults(folder, from, to, cpuMicros) {
  const latencies = [];
  let failed = 0;
  for (const file of await readdir(folder)) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n')) {
      const match = /^(\d{15,}) (.*)$/.exec(line);
      if (!match) continue;
      const at = Number(match[1]) / 1e6;
      if (at < from || at > to) continue;
      if (/^[\d.]+$/.test(match[2])) latencies.push(Number(match[2]));
      else failed += 1;
    }
  }
  return summarise(latencies, to - from, failed, cpuMicros);
}
