/** How long nobody can write after the leader was killed. */
import { eventually } from '../support/eventually.js';
import type { FaultCluster } from './cluster/fault-cluster.js';
import { Session } from './workloads/index.js';

const LIMIT_MS = 60_000;

/** Values that no workload uses; each write stores another one. */
let nextValue = 1_000_000_000;

/**
 * Kills the leader with its database, and starts it again when a survivor has accepted a write.
 *
 * @returns milliseconds from the kill until then
 */
export async function killLeader(cluster: FaultCluster): Promise<number> {
  await cluster.settled();
  const leader = await cluster.leader();
  const survivors = cluster.members.filter((member) => member !== leader);
  // Connections and statements are ready, as they would be under load.
  await Promise.all(survivors.map((member) => write(new Session(-1, member))));
  leader.signalAll('SIGKILL');
  const killedAt = performance.now();
  await eventually('a survivor to accept a write', LIMIT_MS, () =>
    Promise.any(survivors.map((member) => write(new Session(-1, member)))),
  );
  const ms = performance.now() - killedAt;
  await leader.daemon.kill();
  await leader.daemon.start();
  return ms;
}

async function write(session: Session): Promise<void> {
  const key = `probe ${session.member.host}`;
  nextValue += 1;
  const reply = await session.ask('register', { kind: 'write', key, value: nextValue });
  if (reply.outcome !== 'ok') throw new Error(reply.reason);
}
