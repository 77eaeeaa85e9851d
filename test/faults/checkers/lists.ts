/**
 * Transactions over append-only lists, in the manner of Elle: the lists themselves tell the order of the appends, so that
 * dependencies between transactions can be concluded, and a cycle of them is an order that cannot have been.
 */
import { cycles, type Edge } from './graph.js';
import {
  element,
  observeLists,
  type ListObservations,
  type ListOperation,
} from './list-observations.js';
import { realTimeEdges } from './real-time.js';
import { verdict, type Verdict, type Violation } from './violation.js';

export type { ListAnswer, ListCall, ListOperation, ListStep } from './list-observations.js';

/**
 * Strictly serializable: one order explains all answers, and it agrees with the clock, except that transactions which
 * only read at the level `leader` may read what is older than their beginning.
 */
export function checkLists(history: readonly ListOperation[]): Verdict {
  const observations = observeLists(history);
  const edges = [...dependencies(history, observations), ...clock(history, observations)];
  const found = cycles(history.length, edges).map((cycle) => describe(cycle, history));
  return verdict([...observations.violations, ...found]);
}

function dependencies(history: readonly ListOperation[], observations: ListObservations): Edge[] {
  const { reads, writers, versions } = observations;
  const edges: Edge[] = [];
  const add = (
    kind: Edge['kind'],
    from: number | undefined,
    to: number | undefined,
    why: string,
  ) => {
    if (from !== undefined && to !== undefined && from !== to) edges.push({ from, to, kind, why });
  };
  const writer = (key: string, value: number | undefined): number | undefined =>
    value === undefined ? undefined : writers.get(element(key, value));
  for (const [key, version] of versions) {
    version.forEach((value, at) => {
      const next = version[at + 1];
      add('ww', writer(key, value), writer(key, next), `list ${key}: ${value}, then ${next}`);
    });
  }
  const unseen = acknowledgedButUnseen(history, observations);
  for (const { transaction, key, seen } of reads) {
    const version = versions.get(key) ?? [];
    const last = seen.at(-1);
    add('wr', writer(key, last), transaction, `read ${last} in list ${key}`);
    const overwritten = version[seen.length];
    add('rw', transaction, writer(key, overwritten), `did not see ${overwritten} in list ${key}`);
    if (seen.length < version.length) continue;
    for (const value of unseen.get(key) ?? []) {
      add('rw', transaction, writer(key, value), `did not see ${value} in list ${key}`);
    }
  }
  return edges;
}

/** Appends that certainly happened and that no read has seen: they come after the longest version. */
function acknowledgedButUnseen(
  history: readonly ListOperation[],
  { versions }: ListObservations,
): Map<string, number[]> {
  const seen = new Set(
    [...versions].flatMap(([key, version]) => version.map((value) => element(key, value))),
  );
  const unseen = new Map<string, number[]>();
  for (const { call, outcome } of history) {
    if (outcome !== 'ok') continue;
    for (const step of call.steps) {
      if (step.kind !== 'append' || seen.has(element(step.key, step.value))) continue;
      unseen.set(step.key, [...(unseen.get(step.key) ?? []), step.value]);
    }
  }
  return unseen;
}

function clock(history: readonly ListOperation[], { versions, writers }: ListObservations): Edge[] {
  const happened = new Set(
    [...versions].flatMap(([key, version]) =>
      version.map((value) => writers.get(element(key, value))),
    ),
  );
  const spans = history.map(({ began, ended, outcome, call }, at) => {
    if (outcome === 'ok' && !call.mayBeStale) return { began, ended };
    // An unknown transaction that was seen began when it began; nobody knows when it ended.
    if (outcome === 'unknown' && happened.has(at))
      return { began, ended: Number.POSITIVE_INFINITY };
    return { began: Number.NEGATIVE_INFINITY, ended: Number.POSITIVE_INFINITY };
  });
  return realTimeEdges(spans);
}

/** Adya's names for what a cycle is evidence of. */
function describe(cycle: readonly Edge[], history: readonly ListOperation[]): Violation {
  const kinds = cycle.map(({ kind }) => kind);
  const antiDependencies = kinds.filter((kind) => kind === 'rw').length;
  const phenomenon =
    antiDependencies > 1
      ? 'G2'
      : antiDependencies === 1
        ? 'G-single'
        : kinds.includes('wr')
          ? 'G1c'
          : 'G0';
  const strictly = kinds.includes('rt') ? ', given when they ended and began' : '';
  return {
    what: `${cycle.length} transactions on lists have no order${strictly} (${phenomenon})`,
    evidence: cycle.map(({ from, to, kind, why }) => {
      const { began, ended, client } = history[from] ?? { began: 0, ended: 0, client: -1 };
      return `T${from} (client ${client}, ${began.toFixed(1)}-${ended.toFixed(1)} ms) ${kind} T${to}: ${why}`;
    }),
  };
}
