/** Wakes a member that waits for others to be upgraded (`spec/core-api.md` 11.3, 20.5). */

/** Rung by `PATCH /core/internal/database`, and by this member itself when it has removed one that was waited for. */
export class UpgradeBell {
  private count = 0;
  private readonly waiting = new Set<() => void>();

  /** How often the bell has rung; to be read before looking, and handed to {@link wait}. */
  get rings(): number {
    return this.count;
  }

  /** Wakes everybody who waits now, or who has looked before now and is about to wait. */
  ring(): void {
    this.count += 1;
    for (const wake of this.waiting) {
      wake();
    }
  }

  /**
   * Resolves when the bell has rung since it had rung `since` times, or after `limitMs`.
   *
   * @throws the reason of `signal` when that aborts
   */
  async wait(since: number, limitMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.count !== since) return;
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting.delete(done);
        signal.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = () => {
        clearTimeout(timer);
        this.waiting.delete(done);
        reject(signal.reason);
      };
      const timer = setTimeout(done, limitMs);
      this.waiting.add(done);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }
}
