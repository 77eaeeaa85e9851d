/**
 * Measures single-row inserts of 1 KiB and point reads on three members: `npm run bench`.
 *
 *   --duration 8      seconds for each measurement
 *   --workers 1,8,64  how many at the same time
 *   --cases a,b,c,d   a: our client over plain TCP, b: through the Core API's TLS tunnel,
 *                     c: the TypeORM data source through the tunnel, d: Debian's dqlite-benchmark
 *   --output FILE     where the figures are written, default bench-results.json
 *
 * Same work, same run, same machine, and the disk's floor first: only the ratios mean something elsewhere.
 */
import { cpus, tmpdir } from 'node:os';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, root, setUp } from './setup.mjs';
import { hasProgram } from './setup/system-packages.mjs';
import { diskFloor } from './bench/floor.mjs';
import { goBenchmark } from './bench/go-benchmark.mjs';
import { table } from './bench/report.mjs';

const { values: flags } = parseArgs({
  options: {
    duration: { type: 'string', default: '8' },
    workers: { type: 'string', default: '1,8,64' },
    cases: { type: 'string', default: 'a,b,c,d' },
    output: { type: 'string', default: join(root, 'bench-results.json') },
    setup: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const durationMs = Number(flags.duration) * 1000;
const workerCounts = flags.workers.split(',').map(Number);
const cases = new Set(flags.cases.split(','));
if (!(durationMs > 0) || !workerCounts.every((n) => Number.isInteger(n) && n > 0)) {
  console.error('Error: --duration is in seconds, --workers a list like 1,8,64');
  process.exit(1);
}

const log = (text) => console.error(text);
if (flags.setup) {
  await setUp({ log, interop: cases.has('d') });
  await build({ log });
}
const directory = await mkdtemp(join(tmpdir(), 'microcluster-bench-'));
const results = [];
let memory;
const record = (name, workers, operation, figures, comparedWith) => {
  results.push({ name, workers, operation, figures, comparedWith });
  log(`${name} ${operation}, ${workers} workers: ${figures.perSecond.toFixed(0)}/s`);
};

try {
  record(
    'disk',
    1,
    'append',
    await diskFloor({ directory, durationMs: Math.min(durationMs, 3000) }),
  );
  if (cases.has('d')) await measureGo();
  if (cases.has('a')) await measureTcp();
  if (cases.has('b') || cases.has('c')) await measureTunnel();
  console.log(table(results));
  if (memory) {
    console.log(
      `\nidle daemon: ${memory.daemonMiB} MiB, its database process: ${memory.databaseMiB} MiB`,
    );
  }
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  await writeFile(
    flags.output,
    `${JSON.stringify({ machine, durationMs, memory, results }, null, 2)}\n`,
  );
} finally {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

async function measureGo() {
  if (!(await hasProgram('dqlite-benchmark'))) {
    log('dqlite-benchmark is not installed (apt-get install go-dqlite): left out');
    return;
  }
  for (const workers of workerCounts) {
    const folder = join(directory, `go-${workers}`);
    record('go', workers, 'write', await goBenchmark({ directory: folder, workers, durationMs }));
  }
}

async function measureTcp() {
  const { startTcpCluster } = await import('./bench/tcp-cluster.mjs');
  const { measureClient } = await import('./bench/client-cases.mjs');
  const cluster = await startTcpCluster(directory);
  try {
    for (const workers of workerCounts) {
      const { write, read } = await measureClient(cluster.client(workers), { workers, durationMs });
      record('client, tcp', workers, 'write', write, 'go');
      record('client, tcp', workers, 'read', read);
    }
  } finally {
    await cluster.close();
  }
}

async function measureTunnel() {
  const { startDaemonCluster } = await import('./bench/daemon-cluster.mjs');
  const { measureClient, measureDataSource } = await import('./bench/client-cases.mjs');
  const { residentMemory } = await import('./bench/memory.mjs');
  const cluster = await startDaemonCluster(directory);
  try {
    memory = residentMemory(cluster.members[0]);
    for (const workers of workerCounts) {
      const load = { workers, durationMs };
      if (cases.has('b')) {
        const { write, read } = await measureClient(cluster.client(workers), load);
        record('client, tunnel', workers, 'write', write, 'client, tcp');
        record('client, tunnel', workers, 'read', read, 'client, tcp');
      }
      if (cases.has('c')) {
        const { write, read } = await measureDataSource(cluster.client(workers), load);
        record('data source', workers, 'write', write, 'client, tunnel');
        record('data source', workers, 'read', read, 'client, tunnel');
      }
    }
  } finally {
    await cluster.close();
  }
}
