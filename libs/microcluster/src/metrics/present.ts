/** Sets the instruments to what a snapshot says. */
import type { Counter } from 'prom-client';
import type { Instruments } from './instruments.js';
import type { MemberSnapshot } from './snapshot.js';

/** Roles that are always shown, so that a missing one is 0 and not absent. */
const ROLES = ['voter', 'stand-by', 'spare'];

/** What is not known any more disappears, rather than staying at its last value. */
export function present(to: Instruments, snapshot: MemberSnapshot): void {
  const { name, version, database, certificates } = snapshot;
  forget(to);
  to.info.set({ name, version, engine: database?.engine ?? '' }, 1);
  to.databaseOpen.set(Number(snapshot.databaseOpen));
  to.isLeader.set(Number(database?.isLeader ?? false));
  to.hasLeader.set(Number(database?.hasLeader ?? false));
  setCounter(to.leaderChanges, {}, snapshot.leaderChanges);
  if (snapshot.heartbeatAgeSeconds !== undefined) to.heartbeatAge.set(snapshot.heartbeatAgeSeconds);
  for (const { name: certificate, expires } of certificates) {
    to.certificateExpiry.set({ certificate }, expires.getTime() / 1000);
  }
  if (database !== undefined) presentDatabase(to, database);
}

function presentDatabase(to: Instruments, database: NonNullable<MemberSnapshot['database']>): void {
  const { stats, sizeBytes, diskBytes } = database;
  for (const role of ROLES) {
    to.role.set({ role }, Number(role === database.role));
    to.members.set({ role }, database.members.filter((other) => other === role).length);
  }
  // Both count since the engine was opened; a reset of a counter is nothing new to Prometheus.
  to.transactionRetries.reset();
  to.transactionRetries.inc({ cause: 'busy' }, stats.busy);
  to.transactionRetries.inc({ cause: 'leader' }, stats.retries - stats.busy);
  setCounter(to.unknownOutcomes, {}, stats.unknownOutcomes);
  to.poolSize.set(stats.poolSize);
  to.poolConnections.set({ state: 'idle' }, stats.idleConnections);
  to.poolConnections.set({ state: 'used' }, stats.usedConnections);
  to.poolWaiting.set({ queue: 'connection' }, stats.waitingForConnection);
  to.poolWaiting.set({ queue: 'writer' }, stats.waitingWriters);
  if (sizeBytes !== undefined) to.databaseSize.set(sizeBytes);
  if (diskBytes !== undefined) to.databaseDisk.set(diskBytes);
}

function forget(to: Instruments): void {
  const { info, role, members, poolConnections, poolWaiting, certificateExpiry } = to;
  for (const labelled of [info, role, members, poolConnections, poolWaiting, certificateExpiry]) {
    labelled.reset();
  }
  // Without labels, a reset would be a 0.
  const { heartbeatAge, poolSize, databaseSize, databaseDisk } = to;
  for (const single of [heartbeatAge, poolSize, databaseSize, databaseDisk]) single.remove({});
}

function setCounter(counter: Counter, labels: Record<string, string>, value: number): void {
  counter.reset();
  counter.inc(labels, value);
}
