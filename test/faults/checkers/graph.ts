/** A graph of transactions whose edges say why one came before the other, and the search for cycles in it. */

/** The kind of a dependency; the same two transactions may have several. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  /** `ww`: overwrote; `wr`: read what the other wrote; `rw`: read what the other overwrote; `rt`: ended before it began. */
  readonly kind: 'ww' | 'wr' | 'rw' | 'rt';
  /** What the edge was concluded from. */
  readonly why: string;
}

/** A short cycle for each group of nodes that lie on a cycle together; none when the graph has an order. */
export function cycles(nodes: number, edges: readonly Edge[]): Edge[][] {
  const outgoing: Edge[][] = Array.from({ length: nodes }, () => []);
  for (const edge of edges) outgoing[edge.from]?.push(edge);
  return components(outgoing)
    .filter((component) => component.length > 1)
    .map((component) => cycleWithin(new Set(component), outgoing));
}

/** The shortest cycle through one node of a strongly connected component. */
function cycleWithin(component: ReadonlySet<number>, outgoing: readonly Edge[][]): Edge[] {
  const [start = 0] = component;
  const reachedBy = new Map<number, Edge>();
  const queue = [start];
  for (const node of queue) {
    for (const edge of outgoing[node] ?? []) {
      if (edge.to === start) return [...pathTo(node, start, reachedBy), edge];
      if (!component.has(edge.to) || reachedBy.has(edge.to)) continue;
      reachedBy.set(edge.to, edge);
      queue.push(edge.to);
    }
  }
  throw new Error('a strongly connected component has no cycle');
}

function pathTo(node: number, start: number, reachedBy: ReadonlyMap<number, Edge>): Edge[] {
  const path: Edge[] = [];
  for (let at = node; at !== start;) {
    const edge = reachedBy.get(at);
    if (edge === undefined) throw new Error('a node was reached from nowhere');
    path.unshift(edge);
    at = edge.from;
  }
  return path;
}

/** Strongly connected components, after Tarjan, without recursion: histories are long. */
function components(outgoing: readonly Edge[][]): number[][] {
  const index = new Int32Array(outgoing.length).fill(-1);
  const low = new Int32Array(outgoing.length);
  const onStack = new Uint8Array(outgoing.length);
  const stack: number[] = [];
  const found: number[][] = [];
  let next = 0;

  const enter = (node: number, work: { node: number; edge: number }[]): void => {
    index[node] = low[node] = next;
    next += 1;
    stack.push(node);
    onStack[node] = 1;
    work.push({ node, edge: 0 });
  };

  for (let root = 0; root < outgoing.length; root += 1) {
    if (index[root] !== -1) continue;
    const work: { node: number; edge: number }[] = [];
    enter(root, work);
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const { node } = top;
      const edge = outgoing[node]?.[top.edge];
      if (edge !== undefined) {
        top.edge += 1;
        if (index[edge.to] === -1) enter(edge.to, work);
        else if (onStack[edge.to]) low[node] = Math.min(low[node] ?? 0, index[edge.to] ?? 0);
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent) low[parent.node] = Math.min(low[parent.node] ?? 0, low[node] ?? 0);
      if (low[node] !== index[node]) continue;
      const component = stack.splice(stack.indexOf(node));
      for (const member of component) onStack[member] = 0;
      found.push(component);
    }
  }
  return found;
}
