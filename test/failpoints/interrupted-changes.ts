/**
 * What changes a member of a running cluster, its certificates, its configuration, and its being one: cut short by the
 * member's death between any two steps, and completed by being repeated or by the member's next start.
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MicroclusterClient } from '@microcluster/nest/client';
import { FAILPOINTS_BY_OPERATION } from '@microcluster/nest/testing-seam';
import type { TestMember } from '@microcluster/testing';
import { generateKeyPair } from '../../libs/microcluster/src/certificates/generate.js';
import { freeAddresses } from '../support/addresses.js';
import { eventually } from '../support/eventually.js';
import { pointsOf } from './points.js';
import { expectAgreement, type StoppableCluster } from './stoppable-cluster.js';

const LIMIT_MS = 120_000;
const { configuration, identity, reset, rotation } = FAILPOINTS_BY_OPERATION;

type Change = (client: MicroclusterClient, address: string) => Promise<void>;

const CHANGES: readonly (readonly [string, Change])[] = [
  ['PUT servers', (client, address) => client.updateDaemonServers(serverAt(address))],
  ['PUT config', (client, address) => client.replaceDaemonConfig({ servers: serverAt(address) })],
  ['PATCH config', (client, address) => client.updateDaemonConfig({ servers: serverAt(address) })],
];
const changes = CHANGES.flatMap(([way, change]) =>
  pointsOf(
    configuration,
    ...(way === 'PATCH config' ? (['configuration:stored'] as const) : []),
  ).map((point) => [way, point, change] as const),
);

/** Describes them for members 1 to 3 of a cluster, and member 4, which is none. They leave it as they found it. */
export function describeInterruptedChanges(given: () => StoppableCluster): void {
  describe('a rotation of the cluster certificate', () => {
    it.each(pointsOf(rotation, 'rotation:previous-stored'))(
      'whose member dies at %s completes when it is repeated',
      async (point) => {
        const cluster = given();
        const members = [1, 2, 3].map((number) => cluster.cluster.member(number));
        const { certificate, privateKey } = await generateKeyPair({ commonName: 'cluster' });
        const rotate = () =>
          cluster.call(cluster.cluster.member(1), (client) =>
            client.updateCertificate('cluster', { cert: certificate, key: privateKey, ca: '' }),
          );
        await cluster.killAt(1, point, rotate);
        await eventually('the repeated rotation to succeed', LIMIT_MS, rotate);
        await eventually('all to show the new certificate alone', LIMIT_MS, async () => {
          for (const member of members) {
            expect(await fileOf(member, 'cluster.crt')).toBe(certificate);
            await expectMissing(member, 'cluster.previous');
          }
        });
        await expectAgreement(cluster, 1, 2, 3);
      },
    );
  });

  describe("a rotation of a member's own certificate", () => {
    it.each(pointsOf(identity, 'identity:row-written'))(
      'whose member dies at %s completes when it is repeated',
      async (point) => {
        const cluster = given();
        const member = cluster.cluster.member(2);
        const before = await fileOf(member, 'server.crt');
        const renew = () => cluster.call(member, (client) => client.replaceOwnCertificate());
        await cluster.killAt(2, point, renew);
        await eventually('the repeated rotation to succeed', LIMIT_MS, renew);
        const after = await fileOf(member, 'server.crt');
        expect(after).not.toBe(before);
        await expectMissing(member, '.server.next');
        await eventually('all to believe the new certificate', LIMIT_MS, async () => {
          const rows = await cluster.call(member, (client) => client.clusterMembers());
          expect(rows.map(({ status }) => status)).toEqual(['ONLINE', 'ONLINE', 'ONLINE']);
          const own = rows.find(({ name }) => name === member.name);
          expect(own?.certificate.trim()).toBe(after.trim());
        });
        await expectAgreement(cluster, 1, 2, 3);
      },
    );
  });

  describe('a change of the configuration', () => {
    it.each(changes)(
      'by %s whose member dies at %s completes when it is repeated',
      async (_, point, change) => {
        const cluster = given();
        const member = cluster.cluster.member(3);
        const [address = ''] = await freeAddresses(1);
        const apply = () => cluster.call(member, (client) => change(client, address));
        await cluster.killAt(3, point, apply);
        await eventually('the repeated change to succeed', LIMIT_MS, apply);
        await cluster.call(member, async (client) => {
          expect(await client.daemonServers()).toEqual(serverAt(address));
        });
        const stranger = new MicroclusterClient({
          address,
          trusted: await fileOf(member, 'cluster.crt'),
        });
        try {
          expect(await stranger.request('GET', '/reports')).toEqual([]);
        } finally {
          await stranger.close();
        }
        await expectAgreement(cluster, 1, 2, 3);
      },
    );
  });

  describe('the reset', () => {
    it.each(pointsOf(reset, 'reset:wiped'))(
      'of a removed member that dies at %s completes at its next start',
      async (point) => {
        const cluster = given();
        await cluster.initialise(4, await cluster.token(1, 'n4'));
        await expectAgreement(cluster, 1, 2, 3, 4);
        await cluster.killAfter(4, point, () => cluster.remove(1, 'n4'));
        expect(await cluster.isMember(4)).toBe(false);
        await expectAgreement(cluster, 1, 2, 3);
        await expectToJoin(cluster, await cluster.token(1, 'n4'));
      },
    );

    it.each(pointsOf(reset))(
      'of a joiner that failed and dies at %s completes at its next start',
      async (point) => {
        const cluster = given();
        const token = await cluster.token(1, 'n4');
        cluster.stops(4).failAt('join:hook-run');
        await cluster.killAt(4, point, () => cluster.initialise(4, token));
        expect(await cluster.isMember(4)).toBe(false);
        await expectAgreement(cluster, 1, 2, 3);
        await expectToJoin(cluster, token);
      },
    );
  });
}

/** Nothing of the former life of member 4 is in its way. */
async function expectToJoin(cluster: StoppableCluster, token: string): Promise<void> {
  await cluster.initialise(4, token);
  await expectAgreement(cluster, 1, 2, 3, 4);
  await cluster.leave(4);
}

function serverAt(address: string) {
  return { 'additional-api': { address } };
}

function fileOf({ stateDir }: TestMember, name: string): Promise<string> {
  return readFile(join(stateDir, name), 'utf8');
}

async function expectMissing({ stateDir }: TestMember, name: string): Promise<void> {
  await expect(access(join(stateDir, name))).rejects.toThrow('ENOENT');
}
