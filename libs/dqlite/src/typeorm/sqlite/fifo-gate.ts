/** A gate that lets a fixed number of holders in, first come, first served, and gives up waiting in time. */
import { DqliteError } from '../../errors/index.js';
import { armLimit, refuseAborted } from '../call-limit.js';
import type { SqlCallOptions } from '../engine.js';

interface Waiter {
  admit(): void;
  refuse(error: Error): void;
}

/** With capacity 1 it is the write ticket of a database; with more, the slots of a pool. */
export class FifoGate {
  private readonly waiters = new Set<Waiter>();
  private inside = 0;
  private closed = false;

  /**
   * @param what what is waited for, as the beginning of an error's sentence
   * @param capacity holders at the same time
   * @param deadlineMs milliseconds to wait when a call names no deadline
   */
  constructor(
    private readonly what: string,
    private readonly capacity: number,
    private readonly deadlineMs: number,
  ) {}

  /** Number of callers that wait. */
  get waiting(): number {
    return this.waiters.size;
  }

  /**
   * Waits for a place.
   *
   * @returns gives the place back; idempotent
   * @throws DqliteError `TIMEOUT`, `ABORTED` or `CLOSED`
   */
  async enter(options: SqlCallOptions = {}): Promise<() => void> {
    refuseAborted(this.what, options.signal);
    if (this.closed) throw new DqliteError('CLOSED', { what: this.what });
    if (this.inside < this.capacity) {
      this.inside += 1;
      return this.pass();
    }
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        admit: () => {
          leave();
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const disarm = armLimit(this.what, options, this.deadlineMs, waiter.refuse);
      const leave = (): void => {
        disarm();
        this.waiters.delete(waiter);
      };
      this.waiters.add(waiter);
    });
    return this.pass();
  }

  /** Refuses all who wait and all who come; places that are held may still be given back. */
  close(): void {
    this.closed = true;
    for (const waiter of this.waiters) {
      waiter.refuse(new DqliteError('CLOSED', { what: this.what }));
    }
  }

  private pass(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = this.waiters;
      // The place goes from hand to hand, so that nobody who comes now can overtake.
      if (next) next.admit();
      else this.inside -= 1;
    };
  }
}
