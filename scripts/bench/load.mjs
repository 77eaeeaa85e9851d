/** Workers that repeat one operation, each waiting for its answer before the next. */
import { randomBytes } from 'node:crypto';
import { startCounting } from './processor-time.mjs';
import { summarise } from './statistics.mjs';

/** Sizes of Debian's dqlite-benchmark. */
const KEY_BYTES = 32;
const VALUE_BYTES = 1024;
const MAX_ERRORS_SHOWN = 3;

export const CREATE_TABLE = 'CREATE TABLE IF NOT EXISTS model (key TEXT, value TEXT, UNIQUE(key))';
export const WRITE = 'INSERT OR REPLACE INTO model(key, value) VALUES(?, ?)';
export const READ = 'SELECT value FROM model WHERE key = ?';

/** A key and a value as the other benchmark makes them: random letters. */
export function randomRow() {
  return [letters(KEY_BYTES), letters(VALUE_BYTES)];
}

/**
 * @param {{workers: number, durationMs: number, operation: () => Promise<unknown>, pids?: readonly number[]}} options
 *   `pids`: the processes of the nodes, whose processor time is counted with our own
 * @returns figures, see statistics.mjs
 */
export async function underLoad({ workers, durationMs, operation, pids = [] }) {
  const latencies = [];
  let failed = 0;
  const processorTime = startCounting([process.pid, ...pids]);
  const began = performance.now();
  const end = began + durationMs;
  const worker = async () => {
    while (performance.now() < end) {
      const start = performance.now();
      try {
        await operation();
        latencies.push(performance.now() - start);
      } catch (error) {
        failed += 1;
        if (failed <= MAX_ERRORS_SHOWN) console.error(`  failed attempt: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return summarise(latencies, performance.now() - began, failed, processorTime());
}

function letters(length) {
  return randomBytes(length).toString('base64url').slice(0, length);
}
