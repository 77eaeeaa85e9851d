/** A set that only grows: what was acknowledged is found, and nothing else but what may have been added. */
import type { Operation } from '../history/operation.js';
import { verdict, type Verdict, type Violation } from './violation.js';

export type SetCall =
  | { readonly kind: 'add'; readonly element: number }
  /** A read at the level `leader` may miss what was acknowledged shortly before. */
  | { readonly kind: 'read'; readonly mayBeStale: boolean };

/** The elements for a read, nothing for an addition. */
export type SetAnswer = readonly number[] | null;
export type SetOperation = Operation<SetCall, SetAnswer>;

export function checkSet(history: readonly SetOperation[]): Verdict {
  const violations: Violation[] = [];
  const additions = new Map<number, SetOperation>();
  for (const operation of history) {
    if (operation.call.kind === 'add') additions.set(operation.call.element, operation);
  }
  for (const operation of history) {
    if (operation.outcome !== 'ok' || operation.call.kind !== 'read') continue;
    const elements = operation.answer ?? [];
    const present = new Set(elements);
    const where = `read by client ${operation.client}, ${operation.began.toFixed(1)} ms`;
    const blame = (what: string, wrong: readonly number[]): void => {
      if (wrong.length > 0) violations.push({ what, evidence: [where, wrong.join(', ')] });
    };
    blame(
      'the set lost acknowledged elements',
      operation.call.mayBeStale ? [] : missing(additions, present, operation.began),
    );
    const unknown = [...present].filter((it) => !additions.has(it));
    blame('the set holds elements that nobody added', unknown);
    blame(
      'the set holds elements whose addition failed',
      [...present].filter((it) => additions.get(it)?.outcome === 'failed'),
    );
    blame(
      'the set holds elements before they were added',
      [...present].filter((it) => (additions.get(it)?.began ?? 0) > operation.ended),
    );
    blame(
      'the set holds an element twice',
      elements.filter((it, at) => elements.indexOf(it) !== at),
    );
  }
  return verdict(violations);
}

/** What had been acknowledged before the read began. */
function missing(
  additions: ReadonlyMap<number, SetOperation>,
  present: ReadonlySet<number>,
  began: number,
): number[] {
  return [...additions]
    .filter(([it, { outcome, ended }]) => outcome === 'ok' && ended < began && !present.has(it))
    .map(([it]) => it);
}
