/** Registers: each key is one value that is read, written, and swapped if it is what the client expects. */
import type { Operation } from '../history/operation.js';
import { linearizability, type Model } from './linearizability.js';
import type { Verdict, Violation } from './violation.js';

export type RegisterCall = { readonly key: string } & (
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: number }
  | { readonly kind: 'swap'; readonly expected: number; readonly value: number }
);

/** The value that was read, `null` when there was none yet; whether a swap found what it expected; nothing for a write. */
export type RegisterAnswer = number | null | boolean;
export type RegisterOperation = Operation<RegisterCall, RegisterAnswer>;

const REGISTER: Model<RegisterCall, RegisterAnswer> = {
  initial: 'null',
  step(state, call, answer) {
    switch (call.kind) {
      case 'read':
        return answer === undefined || String(answer.value) === state ? state : undefined;
      case 'write':
        return String(call.value);
      case 'swap': {
        const matches = state === String(call.expected);
        if (answer !== undefined && answer.value !== matches) return undefined;
        return matches ? String(call.value) : state;
      }
    }
  },
};

/** Every key must be linearizable. */
export function checkRegisters(history: readonly RegisterOperation[]): Verdict {
  const violations: Violation[] = [];
  const undecided: string[] = [];
  for (const key of new Set(history.map(({ call }) => call.key))) {
    const operations = history.filter(({ call }) => call.key === key);
    // A read of which nothing is known says nothing.
    const relevant = operations.filter(
      ({ call, outcome }) => call.kind !== 'read' || outcome === 'ok',
    );
    const result = linearizability(relevant, REGISTER);
    if (result === 'undecided') undecided.push(`register ${key}`);
    if (result !== 'no') continue;
    const culprit = shortestBrokenPrefix(relevant);
    violations.push({
      what: `the operations on register ${key} have no order that explains their answers`,
      evidence: culprit.slice(-EVIDENCE).map(describe),
    });
  }
  return { violations, undecided };
}

/** Operations shown with a violation: the last one cannot be explained, those before it tell why. */
const EVIDENCE = 12;

/** The history up to the first end at which it stops being linearizable. */
function shortestBrokenPrefix(operations: readonly RegisterOperation[]): RegisterOperation[] {
  const ends = operations
    .filter(({ outcome }) => outcome === 'ok')
    .map(({ ended }) => ended)
    .toSorted((a, b) => a - b);
  const upTo = (end: number): RegisterOperation[] =>
    operations.filter(({ began }) => began <= end).map((it) => asSeenAt(it, end));
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (linearizability(upTo(ends[middle] ?? 0), REGISTER) === 'no') high = middle;
    else low = middle + 1;
  }
  return upTo(ends[low] ?? 0).toSorted((a, b) => a.ended - b.ended);
}

/** At an instant, what had not ended was not known. */
function asSeenAt(operation: RegisterOperation, time: number): RegisterOperation {
  if (operation.ended <= time || operation.outcome !== 'ok') return operation;
  const { client, call, began, ended } = operation;
  return { client, call, began, ended, outcome: 'unknown', reason: 'under way' };
}

function describe(operation: RegisterOperation): string {
  const { client, call, began, ended, outcome } = operation;
  const what =
    call.kind === 'read'
      ? 'read'
      : call.kind === 'write'
        ? `write ${call.value}`
        : `swap ${call.expected} for ${call.value}`;
  const answer = outcome === 'ok' ? String(operation.answer) : outcome;
  return `${began.toFixed(1)}-${ended.toFixed(1)} ms, client ${client}: ${what} -> ${answer}`;
}
