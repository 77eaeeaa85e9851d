/** Decides in which order what members do to the world takes place, and what comes of it. */
import { setImmediate as turn } from 'node:timers/promises';

/** What comes of an effect: it happens; it does not and its caller hears so; it does and its caller hears the same. */
export type Outcome = 'done' | 'failed' | 'lost';

/** One run of a member's process. When it has ended, nothing that it began goes on. */
export class Life {
  isOver = false;
  private readonly listeners: (() => void)[] = [];

  /** Resolves when it ends. */
  readonly over = new Promise<void>((resolve) => this.listeners.push(resolve));

  end(): void {
    this.isOver = true;
    for (const listener of this.listeners) listener();
  }
}

/** An effect that did not succeed, as far as its caller knows. */
export class EffectFailed extends Error {
  override readonly name = 'EffectFailed';

  constructor(
    readonly effect: string,
    readonly outcome: Exclude<Outcome, 'done'>,
  ) {
    super(`${effect}: ${outcome === 'failed' ? 'it failed' : 'its answer was lost'}`);
  }
}

interface Pending {
  readonly life: Life;
  readonly settle: (outcome: Outcome) => Promise<void>;
}

/** Effects wait here until the test lets them happen, one at a time. */
export class Scheduler {
  private pending: Pending[] = [];

  get isIdle(): boolean {
    this.pending = this.pending.filter(({ life }) => !life.isOver);
    return this.pending.length === 0;
  }

  /** Happens when the test says so; never settles once `life` is over. */
  effect<T>(life: Life, what: string, work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = async (outcome: Outcome) => {
        if (outcome === 'failed') return reject(new EffectFailed(what, outcome));
        try {
          const value = await work();
          if (life.isOver) return;
          if (outcome === 'lost') reject(new EffectFailed(what, outcome));
          else resolve(value);
        } catch (error) {
          if (!life.isOver) reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.pending.push({ life, settle });
    });
  }

  /** Lets one waiting effect happen, and everybody go on to their next. */
  async step(pick: number, outcome: Outcome): Promise<void> {
    if (!this.isIdle) {
      const [next] = this.pending.splice(pick % this.pending.length, 1);
      await next?.settle(outcome);
    }
    await this.settled();
  }

  /** Lets all effects happen in their order, also those that follow from them. */
  async drain(): Promise<void> {
    await this.settled();
    for (let steps = 0; !this.isIdle; steps += 1) {
      if (steps > 5_000) throw new Error('The members never come to rest');
      await this.step(0, 'done');
    }
  }

  /** Everybody has gone on as far as they can without another effect. */
  async settled(): Promise<void> {
    await turn();
    await turn();
  }
}
