import { describe, expect, it } from 'vitest';
import { checkBank, type BankOperation } from './bank.js';

const RULES = { accounts: 3, total: 30 };
const read = (balances: number[]): BankOperation => ({
  client: 0,
  began: 0,
  ended: 1,
  call: { kind: 'read' },
  outcome: 'ok',
  answer: balances,
});
const transfer: BankOperation = {
  client: 1,
  began: 0,
  ended: 1,
  call: { kind: 'transfer', from: 0, to: 1, amount: 5 },
  outcome: 'unknown',
  reason: 'test',
};

describe('a bank', () => {
  it.each([[[10, 10, 10]], [[0, 30, 0]]])('is accepted with %j', (balances) => {
    expect(checkBank([transfer, read(balances)], RULES).violations).toEqual([]);
  });

  it.each([
    ['holds 25', [5, 10, 10]],
    ['holds 35', [15, 10, 10]],
    ['overdrawn', [-5, 25, 10]],
    ['2 accounts', [20, 10]],
  ])('is refused when it: %s', (what, balances) => {
    expect(checkBank([transfer, read(balances)], RULES).violations[0]?.what).toContain(what);
  });
});
