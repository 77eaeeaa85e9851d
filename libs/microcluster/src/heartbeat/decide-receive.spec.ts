import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideReceive, type ReceiveInput } from './decide-receive.js';
import { decideRound, heartbeatInfoOf } from './decide-round.js';
import { addressOf, rowOf, trustOf } from './heartbeat.fixture.js';

const NOW = new Date('2024-10-22T11:22:33.000Z');
const ROWS = ['m1', 'm2', 'm3'].map((name) => rowOf(name));

/** The heartbeat that m1 sends when the table has these members. */
function infoFor(names: readonly string[]) {
  const round = decideRound({
    self: { name: 'm1', address: addressOf('m1') },
    leaderAddress: addressOf('m1'),
    rows: ['m1', ...names.filter((name) => name !== 'm1')].map((name) => rowOf(name)),
    roles: new Map(['m1', ...names].map((name) => [addressOf(name), 'voter'])),
    now: NOW,
    intervalMs: 10_000,
  });
  if (round.kind !== 'round') throw new Error('no round');
  const info = heartbeatInfoOf(round, 'm1', NOW);
  const wanted = names.map(addressOf);
  const members = Object.entries(info.cluster_members).filter(([address]) =>
    wanted.includes(address),
  );
  return { ...info, cluster_members: Object.fromEntries(members) };
}

/** m2 receives a heartbeat from the leader m1. */
function input(differences: Partial<ReceiveInput> = {}): ReceiveInput {
  return {
    self: 'm2',
    sender: { kind: 'member', name: 'm1' },
    leader: addressOf('m1'),
    info: infoFor(['m1', 'm2', 'm3']),
    rows: ROWS,
    trusted: ['m1', 'm2'].map(trustOf),
    ...differences,
  };
}

describe('a heartbeat', () => {
  it('from the leader replaces the trust store', () => {
    expect(decideReceive(input())).toEqual({
      kind: 'accept',
      trust: ['m1', 'm2', 'm3'].map(trustOf),
    });
  });

  it.each<[string, Partial<ReceiveInput>, string]>([
    ['a stranger', { sender: { kind: 'stranger' } }, 'not-authorized'],
    ['the control socket', { sender: { kind: 'local' } }, 'not-authorized'],
    [
      'a trusted member that does not lead',
      { sender: { kind: 'member', name: 'm3' } },
      'not-leader',
    ],
    [
      'a trusted member that is not in the table',
      { sender: { kind: 'member', name: 'm9' } },
      'not-leader',
    ],
    ['anybody while there is no leader', { leader: undefined }, 'no-leader'],
    ['a leader with an empty list', { info: infoFor([]) }, 'no-members'],
    ['a leader whose list lacks us', { info: infoFor(['m1', 'm3']) }, 'self-missing'],
    ['a leader whose list lacks itself', { info: infoFor(['m2', 'm3']) }, 'sender-missing'],
    ['a leader when our row is gone', { rows: [rowOf('m1'), rowOf('m3')] }, 'own-row-missing'],
  ])('from %s is refused', (_who, difference, reason) => {
    expect(decideReceive(input(difference))).toEqual({ kind: 'refuse', reason });
  });

  it('does not drop a member that was admitted after the list was made', () => {
    const decision = decideReceive(
      input({
        rows: [...ROWS, rowOf('m4', { role: 'PENDING' })],
        trusted: ['m1', 'm2', 'm4'].map(trustOf),
      }),
    );
    expect(decision).toEqual({ kind: 'accept', trust: ['m1', 'm2', 'm3', 'm4'].map(trustOf) });
  });

  it('does not bring back a member that was removed after the list was made', () => {
    const decision = decideReceive(input({ rows: [rowOf('m1'), rowOf('m2')] }));
    expect(decision).toEqual({ kind: 'accept', trust: ['m1', 'm2'].map(trustOf) });
  });

  it('takes certificates from the database and not from the list', () => {
    const info = infoFor(['m1', 'm2', 'm3']);
    const forged = Object.entries(info.cluster_members).map(([address, member]) => [
      address,
      { ...member, certificate: 'forged' },
    ]);
    const decision = decideReceive(
      input({ info: { ...info, cluster_members: Object.fromEntries(forged) } }),
    );
    expect(decision).toEqual({ kind: 'accept', trust: ['m1', 'm2', 'm3'].map(trustOf) });
  });

  it('tells when the cluster runs a newer schema', () => {
    const info = { ...infoFor(['m1', 'm2']), max_schema_internal: 7 };
    expect(decideReceive(input({ info }))).toMatchObject({ newer: { internal: 7, external: 1 } });
  });

  it('never yields a trust store without us or the sender, and only members of the table', () => {
    const some = fc.subarray(['m1', 'm2', 'm3', 'm4', 'm5']);
    fc.assert(
      fc.property(
        some,
        some,
        some,
        fc.constantFrom('m1', 'm2', 'm3'),
        (table, listed, trusted, sender) => {
          const decision = decideReceive(
            input({
              sender: { kind: 'member', name: sender },
              rows: table.map((name) => rowOf(name)),
              info: infoFor(listed),
              trusted: trusted.map(trustOf),
            }),
          );
          if (decision.kind === 'refuse') return;
          const names = decision.trust.map((member) => member.name);
          expect(sender).toBe('m1');
          expect(names).toEqual(expect.arrayContaining(['m1', 'm2']));
          expect(table).toEqual(expect.arrayContaining(names));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
