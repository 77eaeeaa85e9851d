import { describe, expect, it } from 'vitest';
import { checkSet, type SetOperation } from './set.js';

const add = (element: number, outcome: SetOperation['outcome'] = 'ok', began = 0): SetOperation => {
  const asked = { client: 0, began, ended: began + 1, call: { kind: 'add', element } } as const;
  return outcome === 'ok'
    ? { ...asked, outcome, answer: null }
    : { ...asked, outcome, reason: 'test' };
};
const read = (elements: number[], began = 10, mayBeStale = false): SetOperation => ({
  client: 1,
  began,
  ended: began + 1,
  call: { kind: 'read', mayBeStale },
  outcome: 'ok',
  answer: elements,
});

describe('a set', () => {
  it.each<[string, SetOperation[]]>([
    ['with what was acknowledged', [add(1), add(2), read([1, 2])]],
    ['with or without what is unknown', [add(1, 'unknown'), read([1]), read([])]],
    ['without what failed', [add(1, 'failed'), read([])]],
    ['without what is under way', [add(1, 'ok', 9.5), read([])]],
    ['with an old view where that is allowed', [add(1), read([], 10, true)]],
  ])('is accepted %s', (_, history) => {
    expect(checkSet(history).violations).toEqual([]);
  });

  it.each<[string, RegExp, SetOperation[]]>([
    ['an acknowledged element is lost', /lost/, [add(1), add(2), read([1])]],
    ['an element is invented', /nobody added/, [add(1), read([1, 7])]],
    ['a failed addition is there', /failed/, [add(1, 'failed'), read([1])]],
    ['an element is there twice', /twice/, [add(1), read([1, 1])]],
    ['it is there before its time', /before/, [add(1, 'ok', 50), read([1])]],
    ['an allowed old view invents', /nobody added/, [read([3], 10, true)]],
  ])('is refused when %s', (_, what, history) => {
    expect(
      checkSet(history)
        .violations.map((it) => it.what)
        .join(),
    ).toMatch(what);
  });
});
