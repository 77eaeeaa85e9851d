/** Lets one operation through at a time, in the order of arrival. */
import { untilAbort } from '@microcluster/dqlite/until-abort';
import { MicroclusterError } from '../errors/index.js';

/** A place in the queue. */
interface Place {
  /** Resolves when all who came earlier have left. */
  readonly turn: Promise<void>;
  /** Gives the place up, whether its turn had come or not. */
  readonly leave: () => void;
}

/** A FIFO queue of operations that exclude each other, such as changes of membership at the leader. */
export class Turnstile {
  private tail: Promise<void> = Promise.resolve();
  /** How many wait or run. */
  private present = 0;

  /**
   * @param limit how many operations may wait besides the one that runs; more are turned away with
   *   `BUSY_MEMBERSHIP` (503), so that a client retries instead of piling up
   */
  constructor(private readonly limit: number) {}

  /**
   * Runs `operation` once all earlier ones have ended, however they ended.
   *
   * @param signal gives up waiting, at once; an operation that has begun is its own affair
   * @throws MicroclusterError `BUSY_MEMBERSHIP` when the queue is full; the reason of `signal`, of which that of a
   *   time limit becomes a 503, too; whatever `operation` rejects with
   */
  async pass<T>(operation: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { turn, leave } = this.enter();
    try {
      await untilAbort(turn, signal);
      signal.throwIfAborted();
      return await operation();
    } finally {
      leave();
    }
  }

  private enter(): Place {
    if (this.present > this.limit) throw new MicroclusterError('BUSY_MEMBERSHIP', {});
    this.present += 1;
    const turn = this.tail;
    let resolveLeft = (): void => undefined;
    const left = new Promise<void>((resolve) => {
      resolveLeft = resolve;
    });
    // Who leaves before its turn must not let the next one overtake those who are still before both.
    this.tail = turn.then(() => left);
    const leave = (): void => {
      this.present -= 1;
      resolveLeft();
    };
    return { turn, leave };
  }
}
