/**
 * Operations that are cut short between any two of their steps, by a failure or the death of the member that
 * performs them: repeated, they complete, and the three records of who is a member agree. A few points of each
 * operation; `ALL_FAILPOINTS=1` takes all of them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Logger } from '@nestjs/common';
import { FAILPOINTS, FAILPOINTS_BY_OPERATION } from '@microcluster/nest/testing-seam';
import { generateKeyPair } from '../../libs/microcluster/src/certificates/generate.js';
import { freeAddresses } from '../support/addresses.js';
import { eventually } from '../support/eventually.js';
import { describeInterruptedChanges } from './interrupted-changes.js';
import { pointsOf } from './points.js';
import { expectAgreement, StoppableCluster } from './stoppable-cluster.js';

const LIMIT_MS = 120_000;
const { bootstrap, join, admission, removal } = FAILPOINTS_BY_OPERATION;

// Every failure here is meant, and its stack would hide one that is not.
beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('a bootstrap', () => {
  it.each(pointsOf(bootstrap, 'bootstrap:row-written'))(
    'that fails at %s is undone, and succeeds when it is repeated',
    async (point) => {
      await using one = await StoppableCluster.prepare(1, 0);
      one.stops(1).failAt(point);
      await expect(one.initialise(1)).rejects.toThrow(`stopped at ${point}`);
      expect(await one.isMember(1)).toBe(false);
      await one.initialise(1);
      await expectAgreement(one, 1);
    },
  );

  it.each(pointsOf(bootstrap, 'bootstrap:database-opened', 'bootstrap:note-removed'))(
    'whose member dies at %s succeeds when it is repeated',
    async (point) => {
      await using one = await StoppableCluster.prepare(1, 0);
      await one.killAt(1, point, () => one.initialise(1));
      if (!(await one.isMember(1))) await one.initialise(1);
      expect(await one.isMember(1)).toBe(true);
      await expectAgreement(one, 1);
    },
  );
});

describe('with three members', () => {
  let four: StoppableCluster;

  beforeAll(async () => {
    four = await StoppableCluster.prepare(4, 3);
  });
  afterAll(() => four[Symbol.asyncDispose]());

  describe('a join', () => {
    // Nothing is left to fail after the last: the token is spent.
    const failing = join.filter((point) => point !== 'join:completed');

    it.each(pointsOf(failing, 'join:admitted', 'join:database-opened', 'join:note-removed'))(
      'that fails at %s is undone everywhere, and its token can be used again',
      async (point) => {
        const token = await four.token(1, 'n4');
        const before = withdrawalsRefused(four);
        four.stops(4).failAt(point);
        await expect(four.initialise(4, token)).rejects.toThrow(`stopped at ${point}`);
        expect(await four.isMember(4)).toBe(false);
        // A member that has passed the request on to another leader may not know the joiner yet; one of the three does.
        expect(withdrawalsRefused(four) - before).toBeLessThan(3);
        await expectAgreement(four, 1, 2, 3);
        await four.initialise(4, token);
        await expectAgreement(four, 1, 2, 3, 4);
        await four.leave(4);
      },
    );

    it.each(
      pointsOf(
        join,
        'join:admitted',
        'join:certificates-stored',
        'join:hook-run',
        'join:note-removed',
      ),
    )('whose joiner dies at %s succeeds when it is repeated with the same token', async (point) => {
      const token = await four.token(1, 'n4');
      await four.killAt(4, point, () => four.initialise(4, token));
      if (!(await four.isMember(4))) await four.initialise(4, token);
      expect(await four.isMember(4)).toBe(true);
      await expectAgreement(four, 1, 2, 3, 4);
      await four.leave(4);
    });

    it.each(pointsOf(admission, 'admission:row-written'))(
      'whose leader dies at %s succeeds, at the latest when it is repeated',
      async (point) => {
        const leader = await leaderOf(four);
        const other = [1, 2, 3].find((number) => number !== leader) ?? 1;
        const token = await four.token(other, 'n4');
        let failure: unknown;
        await four.killAt(leader, point, () =>
          four.initialise(4, token).catch((error: unknown) => {
            failure = error;
          }),
        );
        if (failure !== undefined) {
          await expectAgreement(four, 1, 2, 3);
          await four.initialise(4, token);
        }
        expect(await four.isMember(4)).toBe(true);
        await expectAgreement(four, 1, 2, 3, 4);
        await four.leave(4);
      },
    );
  });

  describe('a removal', () => {
    it.each(pointsOf(removal, 'removal:dqlite', 'removal:record'))(
      'whose leader dies at %s completes when it is repeated',
      async (point) => {
        await four.initialise(4, await four.token(1, 'n4'));
        await expectAgreement(four, 1, 2, 3, 4);
        const leader = await leaderOf(four);
        const target = [4, 3, 2].find((number) => number !== leader) ?? 4;
        const rest = [1, 2, 3, 4].filter((number) => number !== target);
        const asked = rest.find((number) => number !== leader) ?? 1;
        await four.killAt(leader, point, () => four.remove(asked, `n${target}`));
        await eventually('the repeated removal to succeed', LIMIT_MS, () =>
          four.remove(asked, `n${target}`),
        );
        await expectAgreement(four, ...rest);
        await four.forgotten(target);
        expect(await four.isMember(target)).toBe(false);
        if (target === 4) return;
        await four.initialise(target, await four.token(1, `n${target}`));
        await four.leave(4);
      },
    );
  });

  describeInterruptedChanges(() => four);

  it('every failpoint of the catalogue is reached', async () => {
    const leader = await leaderOf(four);
    const member = four.cluster.member(leader);
    const token = await four.token(leader, 'n4');
    await four.initialise(4, token);
    await expectAgreement(four, 1, 2, 3, 4);
    const [address = ''] = await freeAddresses(1);
    const { certificate, privateKey } = await generateKeyPair({ commonName: 'cluster' });
    await four.call(member, async (client) => {
      await client.updateDaemonServers({ 'additional-api': { address } });
      await client.updateCertificate('cluster', { cert: certificate, key: privateKey, ca: '' });
      await client.replaceOwnCertificate();
    });
    await four.remove(leader, 'n4');
    await four.forgotten(4);
    const reached = new Set([1, 2, 3, 4].flatMap((number) => [...four.stops(number).reached]));
    expect(FAILPOINTS.filter((point) => !reached.has(point))).toEqual([]);
  });
});

async function leaderOf({ cluster }: StoppableCluster): Promise<number> {
  return (await cluster.leader()).number;
}

/** How often the joiner has asked a member in vain to forget it. */
function withdrawalsRefused({ cluster }: StoppableCluster): number {
  return cluster.member(4).logs().split('withdrawal-failed').length - 1;
}
