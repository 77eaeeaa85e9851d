/**
 * Measures single-row inserts of 1 KiB and point reads on three members: `npm run bench`.
 *
 *   --duration 3      seconds of one measurement
 *   --rounds 3        how often each case is measured, in turn with the others
 *   --workers 1,8,64  how many at the same time
 *   --cases a,b,c,d   a: our client over plain TCP, b: through the Core API's TLS tunnel,
 *                     c: the TypeORM data source through the tunnel, d: Debian's dqlite-benchmark
 *   --output FILE     where the figures are written, default bench-results.json
 *
 * Same work, same run, same machine, and the disk's floor first: only the ratios mean something elsewhere.
 */
import { cpus, tmpdir } from 'node:os';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, root, setUp } from './setup.mjs';
import { hasProgram } from './setup/system-packages.mjs';
import { diskFloor } from './bench/floor.mjs';
import { goBenchmark } from './bench/go-benchmark.mjs';
import { memoryLine, table } from './bench/report.mjs';
import { inTurn } from './bench/rounds.mjs';

const GO = 'dqlite-benchmark';
const { values: flags } = parseArgs({
  options: {
    duration: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '1,8,64' },
    cases: { type: 'string', default: 'a,b,c,d' },
    output: { type: 'string', default: join(root, 'bench-results.json') },
    setup: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const durationMs = Number(flags.duration) * 1000;
const rounds = Number(flags.rounds);
const workerCounts = flags.workers.split(',').map(Number);
const cases = new Set(flags.cases.split(','));
const isCount = (n) => Number.isInteger(n) && n > 0;
if (!(durationMs >= 100) || !isCount(rounds) || !workerCounts.every(isCount)) {
  console.error('Error: --duration is in seconds, --rounds a number, --workers a list like 1,8,64');
  process.exit(1);
}

const log = (text) => console.error(text);
if (flags.setup) {
  await setUp({ log, interop: cases.has('d') });
  await build({ log });
}
if (cases.has('d') && !(await hasProgram(GO))) {
  log(`${GO} is not installed (apt-get install go-dqlite): case d is left out`);
  cases.delete('d');
}
const directory = await mkdtemp(join(tmpdir(), 'microcluster-bench-'));
const results = [];
let memory;

try {
  const floor = await diskFloor({ directory, durationMs: Math.min(durationMs, 3000) });
  results.push({ name: 'disk', workers: 1, operation: 'append', figures: floor });
  log(`disk: append and fdatasync in ${floor.p50.toFixed(2)} ms (p50)`);
  for (const workers of workerCounts) {
    const folder = join(directory, String(workers));
    await mkdir(folder);
    results.push(...(await measure(folder, workers)));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  console.log(table(results));
  if (memory !== undefined) console.log(memoryLine(memory));
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  const report = { machine, durationMs, rounds, memory, results };
  await writeFile(flags.output, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** All cases with one number of workers, on fresh clusters. */
async function measure(folder, workers) {
  const closing = [];
  const writes = [];
  const reads = [];
  const add = (name, comparedWith, loads) => {
    writes.push({ name, comparedWith, operation: 'write', run: loads.write });
    if (loads.read) reads.push({ name, comparedWith, operation: 'read', run: loads.read });
    if (loads.close) closing.push(loads.close);
  };
  try {
    if (cases.has('d')) {
      let runs = 0;
      const write = () =>
        goBenchmark({ directory: join(folder, `go-${(runs += 1)}`), workers, durationMs });
      add(GO, undefined, { write });
    }
    if (cases.has('a')) {
      const { startTcpCluster } = await import('./bench/tcp-cluster.mjs');
      const { clientLoads } = await import('./bench/client-cases.mjs');
      const cluster = await startTcpCluster(folder);
      closing.push(cluster.close);
      add('client, tcp', GO, await clientLoads(cluster, { workers, durationMs }));
    }
    if (cases.has('b') || cases.has('c')) {
      const { startDaemonCluster } = await import('./bench/daemon-cluster.mjs');
      const { clientLoads, dataSourceLoads } = await import('./bench/client-cases.mjs');
      const { residentMemory } = await import('./bench/memory.mjs');
      const cluster = await startDaemonCluster(folder);
      closing.push(cluster.close);
      memory ??= residentMemory(cluster.members[0]);
      const load = { workers, durationMs };
      if (cases.has('b')) add('client, tunnel', 'client, tcp', await clientLoads(cluster, load));
      if (cases.has('c')) {
        add('data source', 'client, tunnel', await dataSourceLoads(cluster, load));
      }
    }
    return [
      ...(await inTurn(writes, { workers, rounds, log })),
      ...(await inTurn(reads, { workers, rounds, log })),
    ];
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}
