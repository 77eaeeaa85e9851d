/** Watches whether the application still answers: one that hangs must not keep the leadership. */
import type { ParentWatch } from './messages.js';

interface Actions {
  /** Asks for a sign of life. */
  readonly ping: () => void;
  /** Called while the application is silent, one call at a time. */
  readonly onSilent: () => Promise<void>;
}

/**
 * Counts its own ticks instead of reading a clock, so that a pause of the whole machine is not taken
 * for silence. At most one ping is unanswered at any time.
 */
export class DeadMansSwitch {
  readonly #watch: ParentWatch;
  readonly #actions: Actions;
  readonly #timer: NodeJS.Timeout;
  #silentTicks = 0;
  #isWaiting = false;
  #isActing = false;

  constructor(watch: ParentWatch, actions: Actions) {
    this.#watch = watch;
    this.#actions = actions;
    this.#timer = setInterval(this.#tick, watch.intervalMs);
  }

  /** The application answered. */
  answered(): void {
    this.#isWaiting = false;
    this.#silentTicks = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  readonly #tick = (): void => {
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#actions.ping();
      return;
    }
    this.#silentTicks += 1;
    const { intervalMs, silenceMs } = this.#watch;
    if (this.#silentTicks * intervalMs < silenceMs || this.#isActing) return;
    this.#isActing = true;
    void this.#actions.onSilent().finally(() => {
      this.#isActing = false;
    });
  };
}
