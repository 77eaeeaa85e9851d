/** Tests of nodes with a TLS listener of their own, for use without a Core API (`spec/dqlite.md` C.8). */
import { afterEach, describe, expect, it } from 'vitest';
import { BOOTSTRAP_ID } from '../native/node-id.js';
import { eventually, freeAddress, temporaryDirectory } from '../native/node.fixture.js';
import { RawClient } from '../native/raw-client.fixture.js';
import type { TlsIdentity } from '../node-host.js';
import { selfSigned } from '../transport/certificates.fixture.js';
import { dialTcp, dialTls } from '../transport/dial.js';
import { InProcessNode } from './in-process-node.js';

const soon = (): AbortSignal => AbortSignal.timeout(60_000);

describe('a node in tls mode', () => {
  const cleanUp: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const action of cleanUp.splice(0).toReversed()) await action();
  });

  async function start(identity: TlsIdentity, id: bigint): Promise<string> {
    const directory = temporaryDirectory();
    const host = new InProcessNode();
    cleanUp.push(
      () => directory.remove(),
      () => host.stop(),
    );
    const address = await freeAddress();
    await host.start({
      id,
      address,
      directory: directory.path,
      transport: { kind: 'tls', identity, trusted: identity.certificate },
      networkLatencyMs: 40,
    });
    return address;
  }

  async function dial(address: string, as: TlsIdentity, trusted: TlsIdentity): Promise<RawClient> {
    const stream = await dialTls({
      address,
      identity: as,
      trusted: trusted.certificate,
      signal: soon(),
    });
    const client = new RawClient(stream);
    cleanUp.push(() => client.close());
    return client;
  }

  it('forms a cluster whose members and clients share a certificate', async () => {
    const shared = selfSigned('dq.local');
    const first = await start(shared, BOOTSTRAP_ID);
    const second = await start(shared, 5n);
    const client = await dial(first, shared, shared);
    await eventually('leadership', async () => (await client.leader()).address === first);
    await client.add(5n, second);
    await client.assign(5n, 0);
    const follower = await dial(second, shared, shared);

    await expect(follower.leader()).resolves.toMatchObject({ address: first });
  });

  it('refuses a client with a certificate of its own, and one without TLS', async () => {
    const shared = selfSigned('dq.local');
    const address = await start(shared, BOOTSTRAP_ID);
    const stranger = await dial(address, selfSigned('dq.local'), shared);
    await expect(stranger.leader()).rejects.toThrow('connection closed');
    const plain = new RawClient(await dialTcp(address, soon()));
    cleanUp.push(() => plain.close());

    await expect(plain.leader()).rejects.toThrow('connection closed');
  });

  it('is not dialled when it presents another certificate', async () => {
    const address = await start(selfSigned('dq.local'), BOOTSTRAP_ID);
    const other = selfSigned('dq.local');

    await expect(dial(address, other, other)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
});
