import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRemoval, type RemovalInput } from './decide-removal.js';

const at = (host: number) => `10.0.0.${host}:8443`;
const row = (host: number, role = 'voter') => ({ name: `c${host}`, address: at(host), role });
const node = (host: number) => ({ id: BigInt(host), address: at(host) });

/** A cluster of three whose leader is `c1`. */
const three: Omit<RemovalInput, 'name'> = {
  address: undefined,
  self: at(1),
  rows: [row(1), row(2), row(3)],
  trusted: [row(1), row(2), row(3)],
  nodes: [node(1), node(2), node(3)],
  record: undefined,
};
const target = { name: 'c3', address: at(3), nodeId: 3n, isRepeated: false };

describe('the decision on a removal', () => {
  it('takes a member that all records know', () => {
    expect(decideRemoval({ ...three, name: 'c3' })).toEqual({ kind: 'remove', target });
  });

  it('makes the leader step down first, also one of two', () => {
    expect(decideRemoval({ ...three, name: 'c1' })).toEqual({ kind: 'step-down' });
    const two = { ...three, rows: [row(1), row(2)], nodes: [node(1), node(2)] };
    expect(decideRemoval({ ...two, name: 'c1' })).toEqual({ kind: 'step-down' });
  });

  it.each<[string, Partial<RemovalInput>, bigint | undefined]>([
    ['the table', { trusted: [], nodes: [node(1), node(2)] }, undefined],
    ['the trust store', { rows: [row(1), row(2)], nodes: [node(1), node(2)] }, undefined],
    ['dqlite, by address', { rows: [row(1), row(2)], trusted: [], address: at(3) }, 3n],
  ])('takes a member that only %s knows', (_record, known, nodeId) => {
    expect(decideRemoval({ ...three, ...known, name: 'c3' })).toEqual({
      kind: 'remove',
      target: { ...target, nodeId },
    });
  });

  it('asks for an address where no record has the name', () => {
    expect(decideRemoval({ ...three, name: 'c9' })).toEqual({
      kind: 'refuse',
      status: 404,
      reason: 'Cluster member "c9" not found in truststore; please provide a node address',
    });
  });

  it('refuses an address that is unknown, another than the known one, or of another member', () => {
    const reasonOf = (name: string, address: string) => {
      const decision = decideRemoval({ ...three, name, address });
      return decision.kind === 'refuse' ? `${decision.status} ${decision.reason}` : decision.kind;
    };
    expect(reasonOf('c9', at(9))).toBe(
      '404 Address "10.0.0.9:8443" of cluster member "c9" not found in dqlite or database',
    );
    expect(reasonOf('c3', at(2))).toBe(
      '400 Provided address "10.0.0.2:8443" does not match address "10.0.0.3:8443" of cluster member "c3"',
    );
    expect(reasonOf('c9', at(2))).toBe(
      '400 Provided address "10.0.0.2:8443" does not match cluster member "c9": it belongs to "c2"',
    );
  });

  it('refuses to take the last node, but not a joiner that never became one', () => {
    const one = { ...three, rows: [row(1)], trusted: [row(1)], nodes: [node(1)] };
    expect(decideRemoval({ ...one, name: 'c1' })).toMatchObject({
      status: 500,
      reason: 'Cannot leave a cluster with 1 members',
    });
    const joining = { ...one, rows: [row(1, 'PENDING'), row(2, 'PENDING')] };
    expect(decideRemoval({ ...joining, name: 'c2' })).toMatchObject({ kind: 'remove' });
  });

  it('refuses while nobody is more than pending', () => {
    const pending = { ...three, rows: [row(2, 'PENDING')], nodes: [node(1), node(3)] };
    expect(decideRemoval({ ...pending, name: 'c2' })).toMatchObject({
      reason: 'Cannot remove cluster members, there are no remaining non-pending members',
    });
  });

  it('goes on where an interrupted removal stopped, and is content with one that is complete', () => {
    const record = { name: 'c3', address: at(3), nodeId: 3n, isDone: false };
    const gone = { ...three, rows: [row(1), row(2)], trusted: [row(1), row(2)] };
    expect(decideRemoval({ ...gone, record, name: 'c3' })).toEqual({
      kind: 'remove',
      target: { ...target, isRepeated: true },
    });
    const done = { ...gone, nodes: [node(1), node(2)], record: { ...record, isDone: true } };
    expect(decideRemoval({ ...done, name: 'c3' })).toEqual({ kind: 'done' });
  });

  it('takes a member that has come back under a name whose earlier removal is complete', () => {
    const record = { name: 'c3', address: at(8), nodeId: 8n, isDone: true };
    expect(decideRemoval({ ...three, record, name: 'c3' })).toEqual({ kind: 'remove', target });
  });

  it('never means another address than the one that a record gives the name', () => {
    const host = fc.integer({ min: 1, max: 5 });
    const some = fc.uniqueArray(host);
    fc.assert(
      fc.property(
        host,
        some,
        some,
        some,
        fc.option(host),
        (wanted, rows, trusted, nodes, given) => {
          const decision = decideRemoval({
            name: `c${wanted}`,
            address: given === null ? undefined : at(given),
            self: at(1),
            rows: rows.map((one) => row(one)),
            trusted: trusted.map((one) => row(one)),
            nodes: nodes.map(node),
            record: undefined,
          });
          if (decision.kind !== 'remove') return;
          const isNamed = rows.includes(wanted) || trusted.includes(wanted);
          expect(decision.target.address).toBe(isNamed ? at(wanted) : at(given ?? 0));
          expect(decision.target.address).not.toBe(at(1));
        },
      ),
    );
  });
});
