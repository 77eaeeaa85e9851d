/**
 * A disk on which the database stands still while a cluster is founded: the limits of the daemon and of its client are
 * kept where they are short, and where they are raised.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { isUninitialised } from '../membership/records.js';
import { TestCluster } from '../support/cluster.js';
import type { Daemon } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { startingDatabaseProcess } from './processes.js';

const LIMIT_MS = 60_000;
const SHORT = '1s';
/** A client that gives up while the database stands still, but not before it was started. */
const IMPATIENT = '5s';
const LONG = '100s';
/** Longer than the short limit, and much shorter than the long one, milliseconds. */
const STALL_MS = 2_000;

it('founding a cluster outlives a stall within the limits, and is undone beyond either of them', async () => {
  await using cluster = await TestCluster.prepare(1);
  const daemon = cluster.member(1);
  const found = (...limit: string[]) =>
    daemon.tryControl('init', daemon.name, daemon.address, '--bootstrap', ...limit);

  daemon.nextEnvironment['MICROCLUSTER_READY_TIMEOUT'] = SHORT;
  await daemon.start();
  const [slow] = await Promise.all([found('--timeout', LONG), stall(daemon)]);
  expect(slow.err).toContain(
    'The database was not ready within 1000 ms; look for a slow disk or members that are down, or raise the limit',
  );
  await isUninitialised(daemon);
  await daemon.stop();

  daemon.nextEnvironment['MICROCLUSTER_READY_TIMEOUT'] = LONG;
  await daemon.start();
  const giving = found('--timeout', IMPATIENT);
  const [impatient] = await Promise.all([giving, stall(daemon, giving)]);
  expect(impatient.err).toContain('give it longer with --timeout');
  await isUninitialised(daemon);

  const [patient] = await Promise.all([found('--timeout', LONG), stall(daemon)]);
  expect(patient).toMatchObject({ code: 0, err: '' });
  await cluster.settled();
});

/**
 * Stops the database process as soon as there is one, as a disk does that does not answer, and lets it go on at `end`,
 * or after a moment.
 */
async function stall({ pid }: Daemon, end?: Promise<unknown>): Promise<void> {
  const child = await eventually('a database process', LIMIT_MS, () =>
    startingDatabaseProcess(pid),
  );
  process.kill(child, 'SIGSTOP');
  await (end ?? pause(STALL_MS));
  process.kill(child, 'SIGCONT');
}
