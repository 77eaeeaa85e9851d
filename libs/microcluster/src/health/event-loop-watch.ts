/** Notices that the event loop stands still; for as long, this process answers nobody. */
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';

/** Standing still for this long is a defect, milliseconds: probes, heartbeats and clients have given up long before. */
export const EVENT_LOOP_LIMIT_MS = 5_000;

/** Looks ten times within the limit whether the loop comes on time. Keeps no process alive. */
export class EventLoopWatch implements OnModuleInit, OnApplicationShutdown {
  private readonly intervalMs: number;
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Infinity;
  private lastDelayMs = 0;

  /** @param limitMs how late the loop may be, milliseconds; see {@link EVENT_LOOP_LIMIT_MS} */
  constructor(readonly limitMs: number) {
    this.intervalMs = limitMs / 10;
  }

  onModuleInit(): void {
    this.dueAt = performance.now() + this.intervalMs;
    this.timer = setInterval(() => this.look(), this.intervalMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.dueAt = Infinity;
    this.lastDelayMs = 0;
  }

  /**
   * How late the loop came to the last look, or is to the next one, milliseconds from 0. Who waited for the
   * loop is answered before the look after that, and therefore told why it waited.
   */
  get delayMs(): number {
    return Math.max(this.lastDelayMs, performance.now() - this.dueAt, 0);
  }

  private look(): void {
    const now = performance.now();
    this.lastDelayMs = now - this.dueAt;
    this.dueAt = now + this.intervalMs;
  }
}
