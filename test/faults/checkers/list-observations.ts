/** What the reads of append-only lists say about the order of the appends, and what is wrong by itself. */
import type { Operation } from '../history/operation.js';
import type { Violation } from './violation.js';

/** One step of a transaction. Appended values are unique. */
export type ListStep =
  | { readonly kind: 'append'; readonly key: string; readonly value: number }
  | { readonly kind: 'read'; readonly key: string };

export interface ListCall {
  readonly steps: readonly ListStep[];
  /** Whether it may read what is older than its beginning: it only reads, at the level `leader`. */
  readonly mayBeStale: boolean;
}

/** For each step, the list that a read saw, or `null` for an append. */
export type ListAnswer = readonly (readonly number[] | null)[];
export type ListOperation = Operation<ListCall, ListAnswer>;

/** What a transaction read before it appended anything to the list itself. */
export interface ExternalRead {
  readonly transaction: number;
  readonly key: string;
  readonly seen: readonly number[];
}

export interface ListObservations {
  readonly reads: readonly ExternalRead[];
  /** The transaction that appended a value, by `key value`. */
  readonly writers: ReadonlyMap<string, number>;
  /** The longest version that anybody saw, by key. */
  readonly versions: ReadonlyMap<string, readonly number[]>;
  readonly violations: readonly Violation[];
}

export const element = (key: string, value: number): string => `${key} ${value}`;

/** @param transactions in any order; a transaction's number is its place here */
export function observeLists(transactions: readonly ListOperation[]): ListObservations {
  const violations: Violation[] = [];
  const blame = (what: string, ...evidence: string[]): void =>
    void violations.push({ what, evidence });
  const writers = writersOf(transactions);
  const reads = transactions.flatMap((operation, at) => readsOf(operation, at, blame));
  const versions = longestVersions(reads);
  for (const { transaction, key, seen } of reads) {
    const version = versions.get(key) ?? [];
    if (seen.some((value, at) => value !== version[at])) {
      blame(`two reads of list ${key} contradict each other`, seen.join(), version.join());
    }
    if (new Set(seen).size !== seen.length)
      blame(`list ${key} holds an element twice`, seen.join());
    for (const value of seen) {
      const writer = writers.get(element(key, value));
      const outcome = writer === undefined ? undefined : transactions[writer]?.outcome;
      if (outcome === undefined) blame(`nobody appended ${value} to list ${key}`, seen.join());
      if (outcome === 'failed')
        blame(`list ${key} holds ${value}, whose transaction failed`, seen.join());
    }
    const last = seen.at(-1);
    const writer = last === undefined ? undefined : writers.get(element(key, last));
    if (writer === undefined || writer === transaction) continue;
    const own = appendsOf(transactions[writer], key);
    if (own.at(-1) !== last) {
      blame(`a read saw list ${key} in the middle of another transaction`, seen.join(), own.join());
    }
  }
  return { reads, writers, versions, violations };
}

function writersOf(transactions: readonly ListOperation[]): Map<string, number> {
  const writers = new Map<string, number>();
  transactions.forEach(({ call }, at) => {
    for (const step of call.steps) {
      if (step.kind === 'append') writers.set(element(step.key, step.value), at);
    }
  });
  return writers;
}

/** The reads that say something about other transactions; blames what contradicts its own transaction. */
function readsOf(
  operation: ListOperation,
  transaction: number,
  blame: (what: string, ...evidence: string[]) => void,
): ExternalRead[] {
  if (operation.outcome !== 'ok') return [];
  const external: ExternalRead[] = [];
  /** What the transaction must see from now on; only the end of it when it has not read the list. */
  const expected = new Map<string, { known: boolean; list: number[] }>();
  operation.call.steps.forEach((step, at) => {
    const before = expected.get(step.key);
    if (step.kind === 'append') {
      expected.set(step.key, {
        known: before?.known ?? false,
        list: [...(before?.list ?? []), step.value],
      });
      return;
    }
    const seen = operation.answer[at] ?? [];
    if (before !== undefined) {
      const compared = before.known ? seen : seen.slice(seen.length - before.list.length);
      if (compared.join() !== before.list.join()) {
        blame(
          `a transaction does not see list ${step.key} as it had left it`,
          `expected ${before.list.join()}`,
          `saw ${seen.join()}`,
        );
      }
    }
    if (before?.known !== true) {
      const own = before?.list.length ?? 0;
      external.push({ transaction, key: step.key, seen: seen.slice(0, seen.length - own) });
    }
    expected.set(step.key, { known: true, list: [...seen] });
  });
  return external;
}

function longestVersions(reads: readonly ExternalRead[]): Map<string, readonly number[]> {
  const versions = new Map<string, readonly number[]>();
  for (const { key, seen } of reads) {
    if (seen.length > (versions.get(key)?.length ?? -1)) versions.set(key, seen);
  }
  return versions;
}

function appendsOf(operation: ListOperation | undefined, key: string): number[] {
  return (operation?.call.steps ?? []).flatMap((step) =>
    step.kind === 'append' && step.key === key ? [step.value] : [],
  );
}
