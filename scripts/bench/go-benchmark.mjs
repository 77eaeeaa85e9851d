/** Debian's dqlite-benchmark (Go): three nodes over plain TCP, the load in the leader's process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freeAddresses } from '../demo/ports.mjs';
import { summarise } from './statistics.mjs';

const START_LIMIT_MS = 60_000;

/** @param {{directory: string, workers: number, durationMs: number}} options */
export async function goBenchmark({ directory, workers, durationMs }) {
  const addresses = await freeAddresses(3);
  const [leader] = addresses;
  const nodes = [];
  const start = (address, args) => {
    const dir = join(directory, address);
    const child = spawn('dqlite-benchmark', ['--db', address, '--dir', dir, ...args], {
      stdio: 'ignore',
    });
    nodes.push(child);
    return child;
  };
  try {
    await Promise.all(
      addresses.map((address) => mkdir(join(directory, address), { recursive: true })),
    );
    const driver = start(leader, [
      '--driver',
      '--cluster',
      addresses.join(','),
      '--workers',
      String(workers),
      '--duration',
      String(Math.ceil(durationMs / 1000)),
    ]);
    for (const address of addresses.slice(1)) start(address, ['--join', leader]);
    const [code] = await once(driver, 'exit', {
      signal: AbortSignal.timeout(durationMs + START_LIMIT_MS),
    });
    if (code !== 0) throw new Error(`dqlite-benchmark ended with code ${code}`);
    return await readResults(join(directory, leader, leader, 'results'));
  } finally {
    await Promise.all(nodes.map(end));
  }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** One file for each worker: figures, then a line `timestamp milliseconds` or `timestamp error` for each attempt. */
async function readResults(folder) {
  const latencies = [];
  let failed = 0;
  let first = Infinity;
  let last = 0;
  for (const file of await readdir(folder)) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n')) {
      const match = /^(\d{15,}) (.*)$/.exec(line);
      if (!match) continue;
      const at = Number(match[1]) / 1e6;
      first = Math.min(first, at);
      last = Math.max(last, at);
      if (/^[\d.]+$/.test(match[2])) latencies.push(Number(match[2]));
      else failed += 1;
    }
  }
  return summarise(latencies, last - first, failed);
}
