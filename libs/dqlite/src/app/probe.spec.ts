/** Which members count as online, with a real node and a network that loses some connections. */
import { describe, expect, it } from 'vitest';
import { dialTcp } from '../transport/index.js';
import type { Dial, NodeInfo } from '../values.js';
import { TestCluster } from './app.fixture.js';
import { Prober } from './probe.js';

/** A network in which the next `lost` connections fail. */
class LossyNetwork {
  dials = 0;
  lost = 0;

  readonly dial: Dial = async (address, limit) => {
    this.dials += 1;
    if (this.lost === 0) return dialTcp(address, limit);
    this.lost -= 1;
    throw new Error('lost');
  };
}

async function watched(cluster: TestCluster) {
  const [{ app, address } = { app: undefined, address: '' }] = cluster.members;
  if (app === undefined) throw new Error('no member');
  const network = new LossyNetwork();
  const prober = new Prober(network.dial);
  const member: NodeInfo = { id: app.id, address, role: 'voter' };
  const isOnline = async (): Promise<boolean | undefined> => {
    const [state] = await prober.probe([member], AbortSignal.timeout(30_000));
    return state?.online;
  };
  return { network, isOnline };
}

describe('a member', () => {
  it('is online when it answers the second question, having missed the first', async () => {
    await using cluster = await TestCluster.of(1);
    const { network, isOnline } = await watched(cluster);
    network.lost = 1;

    expect(await isOnline()).toBe(true);
    expect(network.dials).toBe(2);
  });

  it('is offline when it misses both, and is then asked once until it answers again', async () => {
    await using cluster = await TestCluster.of(1);
    const { network, isOnline } = await watched(cluster);
    network.lost = 3;

    expect(await isOnline()).toBe(false);
    expect(network.dials).toBe(2);
    expect(await isOnline()).toBe(false);
    expect(network.dials).toBe(3);
    expect(await isOnline()).toBe(true);
    network.lost = 1;
    expect(await isOnline(), 'two questions again').toBe(true);
  });

  it('is not judged once the caller has lost interest', async () => {
    const prober = new Prober(() => Promise.reject(new Error('lost')));
    const ending = new AbortController();
    const probing = prober.probe([{ id: 1n, address: 'c1', role: 'voter' }], ending.signal);
    ending.abort(new Error('enough'));

    await expect(probing).rejects.toThrow('enough');
  });
});
