/**
 * Whether a history of one object can be explained by operations that take effect one after the other, each between
 * its beginning and its end: the search of Wing and Gong, with Lowe's memory of the configurations that led nowhere.
 */
import type { Operation } from '../history/operation.js';

/** How the object behaves. States are compared by their text. */
export interface Model<Call, Answer> {
  readonly initial: string;
  /**
   * The state after `call`, or undefined when the object would not have answered `answer`. Without an answer every
   * outcome is possible, and the call has to be possible in every state.
   */
  step(
    state: string,
    call: Call,
    answer: { readonly value: Answer } | undefined,
  ): string | undefined;
}

export type Linearizability = 'yes' | 'no' | 'undecided';

/** One end of an operation in the order of time; a call knows its return. */
interface Event {
  readonly operation: number;
  readonly isCall: boolean;
  previous: Event | undefined;
  next: Event | undefined;
}

/** Configurations looked at before giving up: some seconds and some hundred megabytes at most. */
const MAX_CONFIGURATIONS = 500_000;

/**
 * @param operations of one object; failed ones are left out, as they had no effect. Unknown ones may take effect at any
 * time after they began, or never, which is the same as at the very end.
 */
export function linearizability<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  model: Model<Call, Answer>,
  maxConfigurations: number = MAX_CONFIGURATIONS,
): Linearizability {
  const relevant = operations.filter(({ outcome }) => outcome !== 'failed');
  const { head, returns } = timeline(relevant);
  const done = new Uint32Array(Math.ceil(relevant.length / 32));
  const seen = new Set<string>();
  const path: { readonly call: Event; readonly state: string }[] = [];
  let unfinished = relevant.filter(({ outcome }) => outcome === 'ok').length;
  let state = model.initial;
  let event = head.next;

  for (;;) {
    // What is left is unknown, and may as well never have happened.
    if (unfinished === 0 || event === undefined) return 'yes';
    if (event.isCall) {
      const operation = relevant[event.operation];
      const next = operation && stepOf(model, state, operation);
      if (next !== undefined) {
        flip(done, event.operation);
        const configuration = `${done.join()} ${next}`;
        if (!seen.has(configuration)) {
          if (seen.size >= maxConfigurations) return 'undecided';
          seen.add(configuration);
          path.push({ call: event, state });
          state = next;
          if (operation?.outcome === 'ok') unfinished -= 1;
          lift(event, returns[event.operation]);
          event = head.next;
          continue;
        }
        flip(done, event.operation);
      }
      event = event.next;
      continue;
    }
    // A return whose call could not be put anywhere before it: the last choice was wrong.
    const last = path.pop();
    if (last === undefined) return 'no';
    state = last.state;
    flip(done, last.call.operation);
    if (relevant[last.call.operation]?.outcome === 'ok') unfinished += 1;
    unlift(last.call, returns[last.call.operation]);
    event = last.call.next;
  }
}

function stepOf<Call, Answer>(
  model: Model<Call, Answer>,
  state: string,
  operation: Operation<Call, Answer>,
): string | undefined {
  const answer = operation.outcome === 'ok' ? { value: operation.answer } : undefined;
  return model.step(state, operation.call, answer);
}

/** Calls and returns as a list in the order of time; an unknown operation has no return. */
function timeline<Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
): { head: Event; returns: (Event | undefined)[] } {
  const make = (operation: number, isCall: boolean): Event => ({
    operation,
    isCall,
    previous: undefined,
    next: undefined,
  });
  const returns = operations.map(({ outcome }, at) =>
    outcome === 'ok' ? make(at, false) : undefined,
  );
  const timed = operations.flatMap((operation, at) => {
    const end = returns[at];
    const call = { time: operation.began, event: make(at, true) };
    return end === undefined ? [call] : [call, { time: operation.ended, event: end }];
  });
  // At the same instant a call comes first: the two were then concurrent.
  timed.sort((a, b) => a.time - b.time || Number(b.event.isCall) - Number(a.event.isCall));
  const head = make(-1, true);
  let last = head;
  for (const { event } of timed) {
    event.previous = last;
    last.next = event;
    last = event;
  }
  return { head, returns };
}

function lift(call: Event, end: Event | undefined): void {
  remove(call);
  if (end !== undefined) remove(end);
}

/** In the opposite order, so that each finds its neighbours as it left them. */
function unlift(call: Event, end: Event | undefined): void {
  if (end !== undefined) insert(end);
  insert(call);
}

function remove(event: Event): void {
  if (event.previous) event.previous.next = event.next;
  if (event.next) event.next.previous = event.previous;
}

function insert(event: Event): void {
  if (event.previous) event.previous.next = event;
  if (event.next) event.next.previous = event;
}

function flip(bits: Uint32Array, at: number): void {
  const word = at >>> 5;
  bits[word] = (bits[word] ?? 0) ^ (1 << (at & 31));
}
