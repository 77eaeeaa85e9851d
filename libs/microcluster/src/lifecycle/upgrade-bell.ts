/** Wakes a member that waits for others to be upgraded (`spec/core-api.md` 11.3, 20.5). */

/** Rung by `PATCH /core/internal/database`. */
export class UpgradeBell {
  private readonly waiting = new Set<() => void>();

  /** Wakes everybody who waits now. */
  ring(): void {
    for (const wake of this.waiting) {
      wake();
    }
  }

  /** Resolves when the bell rings or after `limitMs`; rejects when `signal` aborts. */
  async wait(limitMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
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
