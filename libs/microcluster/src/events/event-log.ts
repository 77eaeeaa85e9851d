/** The last events of this process, numbered, for everybody who follows them at a pace of his own. */
import { randomBytes } from 'node:crypto';
import { MicroclusterError } from '../errors/index.js';
import type { ClusterEvent, StreamedEvent } from '../types/cluster-events.js';
import type { EventDraft } from './event-draft.js';

/** So many events are kept for those who come back. */
const CAPACITY = 1_000;

/** How a follower wants its events. */
export interface FollowOptions {
  /** Go on after the event with this id; default: with what happens from now on. */
  readonly after?: string | undefined;
  /** Yield `idle` when nothing has happened for this long, milliseconds. */
  readonly idleMs: number;
  /** Ends the sequence. */
  readonly signal: AbortSignal;
}

/** What a follower gets: events, first of all a gap where there is one, and signs of life in between. */
export type Followed = StreamedEvent | 'idle';

/**
 * A ring: what followers cost is a position in it, however slow they are. Ids begin with a number that is
 * another one in each process, so that an id from before a restart is not taken for one of ours.
 */
export class EventLog {
  private readonly epoch = randomBytes(4).toString('hex');
  private events: ClusterEvent[] = [];
  /** Number of the first event in the ring. */
  private first = 1;
  private readonly followers = new Set<() => void>();
  private readonly listeners = new Set<(event: ClusterEvent) => void>();

  constructor(private readonly capacity: number = CAPACITY) {}

  /** Numbers an event and tells everybody. */
  append(draft: EventDraft): ClusterEvent {
    const event: ClusterEvent = { ...draft, id: `${this.epoch}-${this.next}` };
    this.events.push(event);
    if (this.events.length > this.capacity) {
      this.events.shift();
      this.first += 1;
    }
    for (const wake of this.followers) wake();
    for (const listener of this.listeners) listener(event);
    return event;
  }

  /** Calls `listener` with each event. @returns a function that ends this */
  onEvent(listener: (event: ClusterEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /**
   * The events from a position on, until the signal aborts.
   *
   * Where the ring no longer has what the follower asks for, or never had it, a gap comes first and then all
   * that the ring has. The position is taken when this is called.
   *
   * @throws MicroclusterError `EVENTS_TOO_SLOW` once the ring has overtaken the follower
   */
  follow(options: FollowOptions): AsyncGenerator<Followed, void, void> {
    const { after } = options;
    const asked = after === undefined ? this.next : this.positionAfter(after);
    return this.iterate(asked ?? this.first, asked === undefined ? after : undefined, options);
  }

  private async *iterate(
    start: number,
    lost: string | undefined,
    { idleMs, signal }: FollowOptions,
  ): AsyncGenerator<Followed, void, void> {
    if (lost !== undefined) yield { type: 'gap', time: new Date(), after: lost };
    for (let position = start; !signal.aborted;) {
      if (position < this.first) throw new MicroclusterError('EVENTS_TOO_SLOW', {});
      const event = this.events[position - this.first];
      if (event !== undefined) {
        position += 1;
        yield event;
      } else if (!(await this.somethingHappens(idleMs, signal)) && !signal.aborted) {
        yield 'idle';
      }
    }
  }

  /** Number that the next event will get. */
  private get next(): number {
    return this.first + this.events.length;
  }

  /** `undefined` when the ring does not reach back to what follows that event. */
  private positionAfter(id: string): number | undefined {
    const [epoch, number] = id.split('-', 2);
    const position = Number(number) + 1;
    const isKnown = epoch === this.epoch && Number.isSafeInteger(position);
    return isKnown && position >= this.first && position <= this.next ? position : undefined;
  }

  /** Resolves with whether something did, after `limitMs` at the latest. */
  private somethingHappens(limitMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (happened: boolean) => {
        clearTimeout(timer);
        this.followers.delete(wake);
        signal.removeEventListener('abort', end);
        resolve(happened);
      };
      const wake = () => settle(true);
      const end = () => settle(false);
      const timer = setTimeout(end, limitMs).unref();
      this.followers.add(wake);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
