/** Keeps a reset waiting for the answers to requests that removed this very member (`spec/core-api.md` 16.1). */
import { setTimeout as pause } from 'node:timers/promises';

/** A reset waits at most this long for such an answer, milliseconds. */
const WAIT_LIMIT = 30_000;

/** Counts requests under way whose answer a reset would cut off. */
export class SelfRemovalLatch {
  private held = 0;
  private released: (() => void)[] = [];

  /** Begins such a request. @returns what ends it, to be called once the answer has been sent; idempotent */
  hold(): () => void {
    this.held += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.held -= 1;
      if (this.held === 0) for (const resolve of this.released.splice(0)) resolve();
    };
  }

  /** Resolves when no such request is under way, or after 30 s. */
  async wait(limitMs: number = WAIT_LIMIT): Promise<void> {
    if (this.held === 0) return;
    const timer = new AbortController();
    const limit = pause(limitMs, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([new Promise<void>((resolve) => this.released.push(resolve)), limit]);
    timer.abort();
  }
}
