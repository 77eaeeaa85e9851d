/** Replacing certificates on real members: checked first, under load, with a member away. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateKeyPair } from '../../libs/microcluster/src/certificates/generate.js';
import { fingerprintOf } from '../../libs/microcluster/src/certificates/inspect.js';
import { eventually } from '../support/eventually.js';
import { Load } from './load.js';
import { Members, digestOf, shownAt, type Addresses, type Member } from './members.js';

const LIMIT_MS = 120_000;
/** Three members, one of them started twice, on a machine that does other things too. */
const LONG_TEST_MS = 300_000;
const listening = (addresses: Addresses) => ({
  'metrics-api': addresses['metrics-api'],
});

async function form(count: number): Promise<Members> {
  const members = await Members.prepare(count, ['metrics-api'], listening);
  try {
    await members.form();
    return members;
  } catch (error) {
    await members[Symbol.asyncDispose]();
    throw error;
  }
}

async function pair(commonName: string) {
  const { certificate, privateKey } = await generateKeyPair({ commonName });
  return {
    body: { cert: certificate, key: privateKey },
    certificate,
    fingerprint: fingerprintOf(certificate),
  };
}

const replace = ({ daemon }: Member, name: string, body: unknown) =>
  daemon.request('PUT', `/core/1.0/cluster/certificates/${name}`, body);

function eventuallyShows(address: string, fingerprint: string): Promise<void> {
  return eventually(`the new certificate at ${address}`, LIMIT_MS, async () => {
    expect((await shownAt(address)).fingerprint).toBe(fingerprint);
  });
}

describe('a pair that cannot be used', () => {
  it('is refused before a file changes anywhere', async () => {
    await using members = await form(2);
    const first = members.member(1);
    const digests = () => Promise.all(members.all.map(digestOf));
    const before = await digests();
    const good = (await pair('cluster')).body;
    const other = (await pair('cluster')).body;
    const old = await generateKeyPair({ commonName: 'cluster', now: new Date('2001-01-01') });
    const cases: readonly (readonly [string, string, unknown, number, string])[] = [
      [
        'no PEM',
        'cluster',
        { ...good, cert: 'x' },
        400,
        'Certificate must be base64 encoded PEM certificate',
      ],
      [
        'no key',
        'cluster',
        { ...good, key: '' },
        400,
        'Private key must be base64 encoded PEM key',
      ],
      ['no CA', 'cluster', { ...good, ca: 'x' }, 400, 'CA must be base64 encoded PEM key'],
      [
        'another key',
        'cluster',
        { ...good, key: other.key },
        400,
        'Failed to load TLS certificate "cluster": the private key does not belong to the certificate',
      ],
      [
        'too old',
        'cluster',
        { cert: old.certificate, key: old.privateKey },
        400,
        'Failed to load TLS certificate "cluster": it is valid from',
      ],
      ['a path', '..%2Fcluster', good, 400, 'Certificate name cannot be a path'],
      ['unknown', 'nobody', good, 400, 'No matching additional server found for "nobody"'],
      [
        'on the Core API',
        'extend-core-api',
        good,
        400,
        'No matching additional server found for "extend-core-api"',
      ],
      [
        'of the member',
        'server',
        good,
        500,
        'Cannot replace server certificate after initialization',
      ],
    ];
    for (const [what, name, body, status, text] of cases) {
      const answer = await replace(first, name, body);
      expect([what, answer.status, answer.error.slice(0, text.length)]).toEqual([
        what,
        status,
        text,
      ]);
    }
    expect(await digests()).toEqual(before);
  });
});

describe('the cluster certificate', () => {
  it(
    'is replaced under load without a failed request, and a member that was away follows',
    async () => {
      await using members = await form(3);
      const [first, second, third] = [members.member(1), members.member(2), members.member(3)];
      const next = await pair('rotated');
      const old = await first.daemon.file('cluster.crt');
      await third.daemon.kill();
      await using load = await Load.on(second.daemon, [old, next.certificate]);
      await load.until(20);

      const answer = await replace(first, 'cluster', next.body);
      expect(answer.status).toBe(200);
      expect(Object.keys(membersIn(answer.metadata))).toEqual(['c3']);
      for (const { daemon } of [first, second]) {
        expect((await shownAt(daemon.address)).fingerprint).toBe(next.fingerprint);
        expect(await daemon.file('cluster.crt')).toBe(next.certificate);
      }
      expect((await shownAt(first.addresses['metrics-api'] ?? '')).fingerprint).toBe(
        next.fingerprint,
      );
      await load.until(load.answered + 40);
      expect(load.failures).toEqual([]);

      expect((await shownAtAfterStart(third)).fingerprint).toBe(next.fingerprint);
      await eventually('nobody to accept the old certificate', LIMIT_MS, async () => {
        for (const member of members.all) {
          expect(Object.keys(await digestOf(member))).not.toContain('cluster.previous');
        }
      });
      await load.until(load.answered + 20);
      expect(load.failures).toEqual([]);
      const rows = await third.daemon.request('GET', '/core/1.0/cluster');
      expect(rows.metadata).toMatchObject([
        { status: 'ONLINE' },
        { status: 'ONLINE' },
        { status: 'ONLINE' },
      ]);
    },
    LONG_TEST_MS,
  );

  it('is the one by which the next member joins, and lasts', async () => {
    await using members = await Members.prepare(2, ['metrics-api'], listening);
    const [first, second] = [members.member(1), members.member(2)];
    const before = await pair('from-the-start');
    const next = await pair('rotated');
    await first.daemon.start();
    expect((await replace(first, 'cluster', before.body)).status).toBe(200);
    await first.daemon.control('init', 'c1', first.daemon.address, '--bootstrap');
    expect((await shownAt(first.daemon.address)).fingerprint).toBe(before.fingerprint);
    expect((await replace(first, 'cluster', next.body)).status).toBe(200);
    await first.daemon.kill();
    await first.daemon.start();
    expect((await shownAt(first.daemon.address)).fingerprint).toBe(next.fingerprint);

    await second.daemon.start();
    const token = (await first.daemon.control('tokens', 'add', 'c2')).trim();
    await second.daemon.control('init', 'c2', second.daemon.address, '--token', token);
    expect((await shownAt(second.daemon.address)).fingerprint).toBe(next.fingerprint);
  });
});

describe('the certificate of an additional server', () => {
  it('whose files are being exchanged by hand does not stand in the way of the cluster certificate', async () => {
    await using members = await form(1);
    const { daemon, addresses } = members.member(1);
    const metrics = addresses['metrics-api'] ?? '';
    const before = (await shownAt(metrics)).fingerprint;
    const next = await pair('rotated');
    const half = await pair('metrics');
    await writeFile(join(daemon.stateDir, 'certificates', 'metrics-api.crt'), half.certificate);

    expect(await replace(members.member(1), 'cluster', next.body)).toMatchObject({ status: 200 });

    expect((await shownAt(daemon.address)).fingerprint).toBe(next.fingerprint);
    expect((await shownAt(metrics)).fingerprint).toBe(before);
  });

  it('is replaced on all members, later on those that were away', async () => {
    await using members = await form(3);
    const [first, second, third] = [members.member(1), members.member(2), members.member(3)];
    const next = await pair('metrics.example');
    await third.daemon.kill();
    const answer = await replace(first, 'metrics-api', next.body);
    expect(Object.keys(membersIn(answer.metadata))).toEqual(['c3']);
    for (const { addresses } of [first, second]) {
      expect((await shownAt(addresses['metrics-api'] ?? '')).fingerprint).toBe(next.fingerprint);
    }
    expect((await shownAt(first.daemon.address)).fingerprint).not.toBe(next.fingerprint);
    await third.daemon.start();
    await eventuallyShows(third.addresses['metrics-api'] ?? '', next.fingerprint);
  });
});

/** Starts a member that still has the old certificate, and waits for the one that it is sent. */
async function shownAtAfterStart({ daemon }: Member) {
  await daemon.start();
  return shownAt(daemon.address);
}

function membersIn(metadata: unknown): object {
  const members: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'members') : {};
  return typeof members === 'object' && members !== null ? members : {};
}
