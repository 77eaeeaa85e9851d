/** The order that the clock on the wall gives: what ended before something else began. */
import type { Edge } from './graph.js';

/** When a transaction was under way. */
export interface Span {
  readonly began: number;
  /** Infinite for one whose end is unknown. */
  readonly ended: number;
}

/** As few edges as suffice: an order that follows from two others is left out. */
export function realTimeEdges(spans: readonly Span[]): Edge[] {
  const edges: Edge[] = [];
  const events = spans.flatMap(({ began, ended }, at) => [
    { time: began, at, isBegin: true },
    ...(Number.isFinite(ended) ? [{ time: ended, at, isBegin: false }] : []),
  ]);
  // At the same instant the beginning comes first: the two were then concurrent.
  events.sort((a, b) => a.time - b.time || Number(b.isBegin) - Number(a.isBegin));
  /** Those that ended and are not yet known to precede another one that ended. */
  const frontier = new Set<number>();
  const predecessors = new Map<number, readonly number[]>();
  for (const { at, isBegin } of events) {
    if (isBegin) {
      const before = [...frontier];
      predecessors.set(at, before);
      for (const from of before) edges.push({ from, to: at, kind: 'rt', why: 'ended before' });
    } else {
      for (const from of predecessors.get(at) ?? []) frontier.delete(from);
      frontier.add(at);
    }
  }
  return edges;
}
