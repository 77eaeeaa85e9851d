/** When a member looks at its cluster, and what it does with looks that fail. */
import { describe, expect, it } from 'vitest';
import { ClusterObserver, type ObserverDependencies } from './cluster-observer.js';
import type { ObservedRow } from './decide-events.js';
import { EventLog } from './event-log.js';

/** A cluster that tests can turn, and an observer of it. */
function observed(differences: Partial<ObserverDependencies> = {}) {
  const cluster = {
    state: 'open' as ReturnType<ObserverDependencies['state']>,
    leader: '10.0.0.1:1' as string | undefined,
    names: ['m1', 'm2'],
    looks: 0,
  };
  const row = (name: string): ObservedRow => ({
    id: Number(name.slice(1)),
    name,
    address: `10.0.0.${name.slice(1)}:1`,
    role: 'voter',
    heartbeat: new Date(0),
    schemaInternal: 6,
    schemaExternal: 0,
    fingerprint: name,
  });
  const log = new EventLog();
  const events: string[] = [];
  log.onEvent(({ type, member }) => events.push(`${type} ${member}`));
  const observer = new ClusterObserver({
    intervalMs: 20,
    self: () => 'm1',
    state: () => cluster.state,
    replication: async () => ({ leader: cluster.leader, members: [] }),
    rows: async () => {
      cluster.looks += 1;
      return cluster.names.map(row);
    },
    now: () => new Date(0),
    log,
    logger: { debug: () => undefined },
    ...differences,
  });
  const look = async () => {
    observer.look();
    await observer.settled();
  };
  return { observer, cluster, events, look };
}

describe('an observer', () => {
  it('reports what has changed since its last look', async () => {
    const { cluster, events, look } = observed();
    await look();
    cluster.names = ['m1', 'm3'];
    await look();
    expect(events).toEqual(['member-left m2', 'member-joined m3']);
  });

  it('looks once more for all notices that come during a look', async () => {
    const { observer, cluster } = observed();
    for (let notices = 0; notices < 10; notices += 1) observer.look();
    await observer.settled();
    expect(cluster.looks).toBe(2);
  });

  it('looks by itself', async () => {
    const { observer, cluster } = observed();
    observer.start();
    await expect.poll(() => cluster.looks).toBeGreaterThan(2);
    await observer.close();
  });

  it('reports nothing of a look that fails, and what it had missed with the next', async () => {
    let fails = false;
    const { cluster, events, look } = observed({
      replication: async () => {
        if (fails) throw new Error('no answer');
        return { leader: '10.0.0.1:1', members: [] };
      },
    });
    await look();
    cluster.names = ['m1'];
    fails = true;
    await look();
    expect(events).toEqual([]);
    fails = false;
    await look();
    expect(events).toEqual(['member-left m2']);
  });

  it('reports the loss of the leader without asking a database that cannot answer', async () => {
    const { cluster, events, look } = observed();
    await look();
    cluster.leader = undefined;
    await look();
    expect(events).toEqual(['leader-changed m1']);
    expect(cluster.looks).toBe(1);
  });

  it('does not look while the database is closed, and keeps what it knew', async () => {
    const { cluster, events, look } = observed();
    await look();
    cluster.state = 'closed';
    cluster.names = [];
    await look();
    cluster.state = 'open';
    cluster.names = ['m1'];
    await look();
    expect(events).toEqual(['member-left m2']);
  });

  it('begins anew after a reset: what it finds in another cluster is no news', async () => {
    const { cluster, events, look } = observed();
    await look();
    cluster.state = 'forgotten';
    await look();
    cluster.state = 'open';
    cluster.names = ['m7'];
    await look();
    expect(events).toEqual([]);
  });

  it('does nothing once it is closed', async () => {
    const { observer, cluster, look } = observed();
    await observer.close();
    await look();
    expect(cluster.looks).toBe(0);
  });
});
