import { describe, expect, it } from 'vitest';
import { checkLists, type ListOperation, type ListStep } from './lists.js';

const append = (key: string, value: number): ListStep => ({ kind: 'append', key, value });
const read = (key: string): ListStep => ({ kind: 'read', key });

/** A transaction of steps with their answers: `[append('x', 1)]` or `[read('x'), [1, 2]]`. */
function txn(
  began: number,
  ended: number,
  steps: (readonly [ListStep, (readonly number[])?])[],
  mayBeStale = false,
): ListOperation {
  return {
    client: 0,
    began,
    ended,
    call: { steps: steps.map(([step]) => step), mayBeStale },
    outcome: 'ok',
    answer: steps.map(([, seen]) => seen ?? null),
  };
}

function not(outcome: 'failed' | 'unknown', began: number, steps: ListStep[]): ListOperation {
  const call = { steps, mayBeStale: false };
  return { client: 0, began, ended: began + 1, call, outcome, reason: 'test' };
}

describe('a history of lists is accepted', () => {
  it.each<[string, ListOperation[]]>([
    ['when it is empty', []],
    [
      'when one after the other sees what came before',
      [
        txn(0, 1, [[append('x', 1)]]),
        txn(2, 3, [[read('x'), [1]], [append('x', 2)]]),
        txn(4, 5, [[read('x'), [1, 2]]]),
      ],
    ],
    [
      'when concurrent transactions fall into some order',
      [
        txn(0, 10, [[append('x', 1)], [read('y'), []]]),
        txn(0, 10, [[append('y', 1)], [read('x'), [1]]]),
      ],
    ],
    [
      'when a transaction sees its own appends',
      [txn(0, 1, [[append('x', 1)], [append('x', 2)], [read('x'), [1, 2]]])],
    ],
    [
      'when an unknown transaction shows up late',
      [
        not('unknown', 0, [append('x', 1)]),
        txn(5, 6, [[read('x'), []]]),
        txn(50, 51, [[read('x'), [1]]]),
      ],
    ],
    [
      'when an unknown transaction never shows up',
      [not('unknown', 0, [append('x', 1)]), txn(5, 6, [[read('x'), []]])],
    ],
    [
      'when a failed one is not seen',
      [not('failed', 0, [append('x', 1)]), txn(5, 6, [[read('x'), []]])],
    ],
    [
      'when a read that may be stale is',
      [txn(0, 1, [[append('x', 1)]]), txn(5, 6, [[read('x'), []]], true)],
    ],
  ])('%s', (_, history) => {
    expect(checkLists(history).violations).toEqual([]);
  });
});

describe('a history of lists is refused', () => {
  it.each<[string, RegExp, ListOperation[]]>([
    [
      'when an acknowledged append is lost',
      /no order.*G-single/,
      [txn(0, 1, [[append('x', 1)]]), txn(2, 3, [[read('x'), []]])],
    ],
    [
      'when an update is lost',
      /contradict|no order/,
      [
        txn(0, 1, [[append('x', 1)]]),
        txn(2, 9, [[read('x'), [1]], [append('x', 2)]]),
        txn(2, 9, [[read('x'), [1]], [append('x', 3)]]),
        txn(10, 11, [[read('x'), [1, 2, 3]]]),
      ],
    ],
    [
      'when two transactions each miss the other (write skew)',
      /G2/,
      [
        txn(0, 9, [[read('x'), []], [append('y', 1)]]),
        txn(0, 9, [[read('y'), []], [append('x', 1)]]),
        txn(10, 11, [
          [read('x'), [1]],
          [read('y'), [1]],
        ]),
      ],
    ],
    [
      'when writes are interleaved (G0)',
      /G0/,
      [
        txn(0, 9, [[append('x', 1)], [append('y', 1)]]),
        txn(0, 9, [[append('x', 2)], [append('y', 2)]]),
        txn(10, 11, [
          [read('x'), [1, 2]],
          [read('y'), [2, 1]],
        ]),
      ],
    ],
    [
      'when information flows in a circle (G1c)',
      /G1c/,
      [
        txn(0, 9, [[append('x', 1)], [read('y'), [1]]]),
        txn(0, 9, [[append('y', 1)], [read('x'), [1]]]),
      ],
    ],
    [
      'when a read is fractured',
      /G-single/,
      [
        txn(0, 9, [[append('x', 1)], [append('y', 1)]]),
        txn(0, 9, [
          [read('x'), [1]],
          [read('y'), []],
        ]),
        txn(10, 11, [[read('y'), [1]]]),
      ],
    ],
    [
      'when a read that may not be stale is',
      /given when they ended/,
      [
        txn(0, 1, [[append('x', 1)]]),
        txn(2, 3, [[append('x', 2)]]),
        txn(4, 5, [[read('x'), [1]]]),
        txn(6, 7, [[read('x'), [1, 2]]]),
      ],
    ],
    [
      'when a stale read is not a prefix in time',
      /contradict/,
      [
        txn(0, 9, [[append('x', 1)]]),
        txn(0, 9, [[append('x', 2)]]),
        txn(10, 11, [[read('x'), [1, 2]]]),
        txn(10, 11, [[read('x'), [2]]], true),
      ],
    ],
    [
      'when a failed append is seen',
      /whose transaction failed/,
      [not('failed', 0, [append('x', 1)]), txn(2, 3, [[read('x'), [1]]])],
    ],
    ['when an element comes from nowhere', /nobody appended/, [txn(0, 1, [[read('x'), [7]]])]],
    [
      'when an append is doubled',
      /twice/,
      [txn(0, 1, [[append('x', 1)]]), txn(2, 3, [[read('x'), [1, 1]]])],
    ],
    [
      'when the middle of a transaction is seen',
      /in the middle/,
      [txn(0, 9, [[append('x', 1)], [append('x', 2)]]), txn(0, 9, [[read('x'), [1]]])],
    ],
    [
      'when a transaction does not see its own append',
      /as it had left it/,
      [txn(0, 1, [[append('x', 1)], [read('x'), []]])],
    ],
    [
      'when the same list changes within a transaction',
      /as it had left it/,
      [
        txn(0, 9, [[append('x', 1)]]),
        txn(0, 9, [
          [read('x'), []],
          [read('x'), [1]],
        ]),
      ],
    ],
    [
      'when an unknown transaction is seen before it began',
      /no order/,
      [txn(0, 1, [[read('x'), [1]]]), not('unknown', 5, [append('x', 1)])],
    ],
  ])('%s', (_, what, history) => {
    const texts = checkLists(history).violations.map((it) => it.what);
    expect(texts.join('; ')).toMatch(what);
  });
});

it('a long history without fault is checked quickly', () => {
  const lists = new Map<string, number[]>();
  const history = Array.from({ length: 5000 }, (_, at) => {
    const key = `k${at % 7}`;
    const seen = [...(lists.get(key) ?? [])];
    lists.set(key, [...seen, at].slice(0, 300));
    const isFull = seen.length >= 300;
    return isFull
      ? txn(at * 10, at * 10 + 15, [[read(key), seen]])
      : txn(at * 10, at * 10 + 5, [[read(key), seen], [append(key, at)]]);
  });
  expect(checkLists(history).violations).toEqual([]);
});
