import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zeroTime } from '../types/index.js';
import { decideRound, heartbeatInfoOf, type RoundInput } from './decide-round.js';
import { addressOf, rowOf, trustOf } from './heartbeat.fixture.js';

const NOW = new Date('2024-10-22T11:22:33.000Z');

function input(differences: Partial<RoundInput> = {}): RoundInput {
  return {
    self: { name: 'm1', address: addressOf('m1') },
    leaderAddress: addressOf('m1'),
    rows: [rowOf('m1'), rowOf('m2'), rowOf('m3')],
    roles: new Map(['m1', 'm2', 'm3'].map((name) => [addressOf(name), 'voter'])),
    now: NOW,
    intervalMs: 10_000,
    ...differences,
  };
}

function ago(milliseconds: number): Date {
  return new Date(NOW.getTime() - milliseconds);
}

function roundOf(differences: Partial<RoundInput>) {
  const decision = decideRound(input(differences));
  if (decision.kind !== 'round') throw new Error(`no round but ${decision.kind}`);
  return decision;
}

describe('beginning a round', () => {
  it('is refused when the leader is another member', () => {
    expect(decideRound(input({ leaderAddress: addressOf('m2') }))).toEqual({
      kind: 'refuse',
      reason: 'not-leader',
    });
  });

  it('knows its own address in another spelling', () => {
    const decision = decideRound(
      input({
        self: { name: 'm1', address: '[fe80::1%eth0]:8443' },
        leaderAddress: '[FE80:0::1%eth0]:8443',
      }),
    );
    expect(decision.kind).toBe('round');
  });

  it('is refused when the table does not name this member, so that it never loses trust in itself', () => {
    expect(decideRound(input({ rows: [rowOf('m2')] }))).toEqual({
      kind: 'refuse',
      reason: 'self-missing',
    });
  });

  it.each([
    ['rows', { rows: [] }],
    ['roles', { roles: new Map<string, string>() }],
  ])('does nothing without %s', (_what, difference) => {
    expect(decideRound(input(difference))).toEqual({ kind: 'skip', reason: 'nobody' });
  });

  it.each([
    [8_999, 'skip'],
    [9_000, 'round'],
    [10_000, 'round'],
    [-1, 'round'],
    [-3_600_000, 'round'],
  ])('with an own heartbeat of %i ms ago: %s', (age, kind) => {
    expect(decideRound(input({ rows: [rowOf('m1', { heartbeat: ago(age) })] })).kind).toBe(kind);
  });
});

describe('a round', () => {
  it('trusts every row and leaves out only PENDING members that the replication does not know', () => {
    const round = roundOf({
      rows: [
        rowOf('m1'),
        rowOf('m2', { role: 'spare' }),
        rowOf('m3', { role: 'PENDING' }),
        rowOf('m4', { role: 'PENDING' }),
      ],
      roles: new Map([
        [addressOf('m1'), 'voter'],
        [addressOf('m3'), 'spare'],
      ]),
    });

    expect(round.trust).toEqual(['m1', 'm2', 'm3', 'm4'].map(trustOf));
    expect(round.members.map(({ row, role }) => [row.name, role])).toEqual([
      ['m1', 'voter'],
      ['m2', ''],
      ['m3', 'spare'],
    ]);
    expect(round.absent.map((row) => row.name)).toEqual(['m4']);
  });

  it('sends to the others whose heartbeat is old', () => {
    const round = roundOf({
      rows: [rowOf('m1'), rowOf('m2', { heartbeat: ago(5_000) }), rowOf('m3')],
    });

    expect(round.recipients.map(({ row }) => row.name)).toEqual(['m3']);
  });

  it('tells the highest versions and all members by address, with our own heartbeat of now', () => {
    const round = roundOf({
      rows: [
        rowOf('m1', { schemaInternal: 6, schemaExternal: 3 }),
        rowOf('m2', { schemaInternal: 7 }),
      ],
    });

    const info = heartbeatInfoOf(round, 'm1', NOW);
    expect(info).toMatchObject({
      begin_round: false,
      max_schema_internal: 7,
      max_schema_external: 3,
      leader_address: '',
      dqlite_roles: {},
    });
    expect(Object.keys(info.cluster_members)).toEqual([addressOf('m1'), addressOf('m2')]);
    expect(info.cluster_members[addressOf('m1')]?.last_heartbeat).toEqual(NOW);
    expect(info.cluster_members[addressOf('m2')]?.last_heartbeat).toEqual(zeroTime());
  });

  it('holds its invariants for any table, roles and clock', () => {
    const names = ['m1', 'm2', 'm3', 'm4', 'm5'];
    const row = (name: string) =>
      fc
        .record({
          role: fc.constantFrom('PENDING', 'voter', 'stand-by', 'spare', ''),
          age: fc.integer({ min: -20_000, max: 40_000 }),
        })
        .map(({ role, age }) => rowOf(name, { role, heartbeat: ago(age) }));
    const rows = fc.tuple(...names.map(row)).chain((all) => fc.subarray(all));
    const roles = fc.dictionary(
      fc.constantFrom(...names.map(addressOf)),
      fc.constantFrom('voter', 'stand-by', 'spare'),
    );
    fc.assert(
      fc.property(rows, roles, (table, known) => {
        const decision = decideRound(input({ rows: table, roles: new Map(Object.entries(known)) }));
        if (decision.kind !== 'round') return;
        expect(decision.trust.map((member) => member.name)).toEqual(
          table.map((member) => member.name),
        );
        expect(decision.trust.some((member) => member.name === 'm1')).toBe(true);
        expect(decision.members.length + decision.absent.length).toBe(table.length);
        for (const { row: recipient } of decision.recipients) {
          expect(recipient.name).not.toBe('m1');
          expect(decision.members.some((member) => member.row === recipient)).toBe(true);
        }
        for (const member of decision.members) {
          expect(member.role).not.toBe('PENDING');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
