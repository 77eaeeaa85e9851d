/** The life of a cluster as each of its members reports it, to providers and to clients. */
import { ClusterEvents, MicroclusterModule, type ClusterEvent } from '@microcluster/nest';
import type { StreamedEvent } from '@microcluster/nest/client';
import { TestCluster, type TestMember } from '@microcluster/testing';
import { expect, it } from 'vitest';
import { generateKeyPair } from '../../libs/microcluster/src/certificates/generate.js';

const LIMIT_MS = 120_000;

/** What one member has reported since it was started. */
class Reports {
  readonly events: ClusterEvent[] = [];
  /** What a client of the member has heard. */
  readonly streamed: StreamedEvent[] = [];

  constructor(readonly member: TestMember) {
    member.get(ClusterEvents).stream.subscribe((event) => this.events.push(event));
    void this.follow().catch(() => undefined);
  }

  /** `type member` of all of them. */
  get briefly(): string[] {
    return this.events.map(({ type, member }) => `${type} ${member}`);
  }

  /** Who came and who went. A busy machine really takes a member offline now and then, but nothing else. */
  get membership(): string[] {
    return this.briefly.filter((text) => /^member-(joined|left)/.test(text));
  }

  private async follow(): Promise<void> {
    for await (const event of this.member.client.events()) this.streamed.push(event);
  }
}

/** Waits until `member` has taken part in some rounds of heartbeats, with each of which it looks at the cluster. */
async function settled(cluster: TestCluster, member: TestMember): Promise<void> {
  const times = new Set<number>();
  await cluster.until(async () => {
    const rows = await member.client.clusterMembers();
    const own = rows.find(({ name }) => name === member.name);
    if (own !== undefined && own.role !== 'PENDING') times.add(own.last_heartbeat.getTime());
    return times.size > 2;
  }, LIMIT_MS);
}

it('every member reports what happens to the cluster, and nothing else', async () => {
  await TestCluster.use(
    MicroclusterModule.forRoot({ version: '1.0.0' }),
    { members: 3, form: false, daemon: { heartbeatIntervalMs: 1_000 } },
    async (cluster) => {
      const [first, second, third] = [1, 2, 3].map((number) => cluster.member(number));
      if (first === undefined || second === undefined || third === undefined) throw new Error();
      const [one, two, three] = [new Reports(first), new Reports(second), new Reports(third)];
      const report = (text: string, ...by: readonly Reports[]) =>
        cluster.until(() => by.every(({ briefly }) => briefly.includes(text)), LIMIT_MS);

      await cluster.bootstrap(1);
      await cluster.join(2);
      await Promise.all([settled(cluster, first), settled(cluster, second)]);
      await cluster.join(3);
      await report('member-joined n3', one, two);
      await settled(cluster, third);
      expect(three.membership).toEqual([]);

      const pair = await generateKeyPair({ commonName: 'replaced' });
      await first.client.updateCertificate('cluster', {
        cert: pair.certificate,
        key: pair.privateKey,
        ca: '',
      });
      await report('certificate-updated n1', one);
      await report('certificate-updated n2', two);
      await report('certificate-updated n3', three);

      const lost = await cluster.leader();
      const rest = [one, two, three].filter(({ member }) => member !== lost);
      await cluster.kill(lost.number);
      await report(`member-offline ${lost.name}`, ...rest);
      await cluster.until(
        () => rest.every(({ events }) => events.some(({ type }) => type === 'leader-changed')),
        LIMIT_MS,
      );
      await cluster.start(lost.number);
      const again = new Reports(lost);
      await report(`member-online ${lost.name}`, ...rest);
      await settled(cluster, lost);
      expect(again.membership).toEqual([]);

      const leader = await cluster.leader();
      const leaving = rest.find(({ member }) => member !== leader) ?? again;
      const staying = [...rest, again].filter((reports) => reports !== leaving);
      await leader.client.removeMember(leaving.member.name);
      await report(`member-left ${leaving.member.name}`, ...staying);

      // Each once, and to the client the same as to the provider.
      for (const { membership } of rest) expect(membership).toEqual([...new Set(membership)]);
      const [witness] = staying;
      await cluster.until(() => witness?.streamed.length === witness?.events.length, LIMIT_MS);
      expect(witness?.streamed).toEqual(witness?.events);
    },
  );
}, 600_000);
