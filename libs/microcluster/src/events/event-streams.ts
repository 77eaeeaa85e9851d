/** The streams of events that this daemon serves: how many, how they stay alive, and how they end. */
import { MicroclusterError } from '../errors/index.js';
import type { EventLog, Followed } from './event-log.js';

/** So many clients may follow at once. */
const MAX_STREAMS = 256;
/** A quiet stream says this often that it is alive, milliseconds. */
export const KEEP_ALIVE_MS = 15_000;
/** A client that takes nothing for this long is cut, milliseconds. */
const STALL_LIMIT_MS = 30_000;

/** The way to one client. */
export interface EventSink {
  /** Sends; resolves once there is room for more, which is what makes a slow client wait. */
  send(item: Followed): Promise<void>;
  /** Ends in good order. */
  end(): void;
  /** Ends at once. */
  cut(): void;
}

/** Limits, for tests. */
export interface EventStreamLimits {
  readonly maxStreams?: number;
  readonly keepAliveMs?: number;
  readonly stallLimitMs?: number;
}

/** Moves events from the log to clients, each at its own pace. */
export class EventStreams {
  private count = 0;
  private readonly limits: Required<EventStreamLimits>;

  constructor(
    private readonly log: EventLog,
    limits: EventStreamLimits = {},
    /** Aborts when the daemon begins to stop; its streams end then, before any listener closes. */
    private readonly stopping?: AbortSignal,
  ) {
    this.limits = {
      maxStreams: MAX_STREAMS,
      keepAliveMs: KEEP_ALIVE_MS,
      stallLimitMs: STALL_LIMIT_MS,
      ...limits,
    };
  }

  /** @throws MicroclusterError `TOO_MANY_EVENT_STREAMS` when no further client can be served */
  requireRoom(): void {
    const { maxStreams } = this.limits;
    if (this.count >= maxStreams) {
      throw new MicroclusterError('TOO_MANY_EVENT_STREAMS', { limit: maxStreams });
    }
  }

  /**
   * Sends to one client, from this moment on, until the signal aborts, the daemon stops or the client is cut.
   *
   * @param after id of the last event that the client has
   * @param leaving aborts when the client has gone or its listener closes
   */
  async serve(after: string | undefined, leaving: AbortSignal, sink: EventSink): Promise<void> {
    const signal = AbortSignal.any([leaving, ...(this.stopping ? [this.stopping] : [])]);
    const idleMs = this.limits.keepAliveMs;
    this.count += 1;
    try {
      for await (const item of this.log.follow({ after, idleMs, signal })) {
        await this.untilRoom(sink.send(item), signal);
      }
      sink.end();
    } catch {
      // Too slow, stalled, or gone: its connection is all that there is to end.
      sink.cut();
    } finally {
      this.count -= 1;
    }
  }

  /** Waits for room, but not for ever. */
  private untilRoom(sent: Promise<void>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (failure?: unknown) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        if (failure === undefined) resolve();
        else reject(failure);
      };
      const end = () => settle();
      const timer = setTimeout(
        () => settle(new MicroclusterError('EVENTS_TOO_SLOW', {})),
        this.limits.stallLimitMs,
      );
      signal.addEventListener('abort', end, { once: true });
      sent.then(end, settle);
    });
  }
}
