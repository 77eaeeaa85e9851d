/** A bank: transfers move money between accounts, so that every look at all of them shows the same total. */
import type { Operation } from '../history/operation.js';
import { verdict, type Verdict, type Violation } from './violation.js';

export type BankCall =
  | {
      readonly kind: 'transfer';
      readonly from: number;
      readonly to: number;
      readonly amount: number;
    }
  | { readonly kind: 'read' };

/** Balances by account for a read; whether there was money enough for a transfer. */
export type BankAnswer = readonly number[] | boolean;
export type BankOperation = Operation<BankCall, BankAnswer>;

export interface BankRules {
  readonly accounts: number;
  readonly total: number;
}

export function checkBank(history: readonly BankOperation[], rules: BankRules): Verdict {
  const violations: Violation[] = [];
  for (const operation of history) {
    if (operation.outcome !== 'ok' || !Array.isArray(operation.answer)) continue;
    const { answer } = operation;
    const balances = answer.map(Number);
    const total = balances.reduce((sum, balance) => sum + balance, 0);
    const evidence = [
      `client ${operation.client}, ${operation.began.toFixed(1)} ms: ${balances.join(' + ')} = ${total}`,
    ];
    if (balances.length !== rules.accounts) {
      violations.push({
        what: `the bank has ${balances.length} accounts instead of ${rules.accounts}`,
        evidence,
      });
    } else if (total !== rules.total) {
      violations.push({ what: `the bank holds ${total} instead of ${rules.total}`, evidence });
    } else if (balances.some((balance) => balance < 0)) {
      violations.push({ what: 'an account was overdrawn', evidence });
    }
  }
  return verdict(violations);
}
