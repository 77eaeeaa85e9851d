/** Notices that another node leads by now while the one that was asked is silent: a machine that stands still closes no socket. */
import type { DqliteConnection } from './connection.js';
import type { LeaderConnector } from './leader-connector.js';

/** Bound of one search for the leader, milliseconds. */
const SEARCH_LIMIT_MS = 5_000;
/** Where nobody else leads, the next look comes after twice the pause, but at least so often, milliseconds. */
const LONGEST_PAUSE_MS = 8_000;
/** Default of {@link LeaderWatchOptions.silenceMs}. */
const SILENCE_MS = 1_000;

export interface LeaderWatchOptions {
  readonly connector: Pick<LeaderConnector, 'connect'>;
  /** The connections whose answers somebody waits for. */
  readonly connections: () => Iterable<DqliteConnection>;
  /** Told which node leads, and which connections to others have been silent all the while. */
  readonly onMoved: (leader: string, silent: readonly DqliteConnection[]) => void;
  /**
   * Silence, milliseconds, after which the cluster is asked who leads. Default 1000. Lower: more questions during slow
   * statements. Higher: a leader that stands still holds its clients up longer.
   */
  readonly silenceMs?: number | undefined;
}

/**
 * A slow statement and a frozen machine look the same from here, and a deadline alone would make every caller wait for
 * it. The other nodes can tell: they elect a new leader. Only one that says itself that it leads is believed; as long as
 * there is none, whoever waits goes on waiting.
 */
export class LeaderWatch {
  readonly #options: LeaderWatchOptions;
  readonly #silenceMs: number;
  readonly #closing = new AbortController();
  /** What each connection had sent and received at the last look. */
  #seen = new Map<DqliteConnection, number>();
  #pauseMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isAwake = false;

  constructor(options: LeaderWatchOptions) {
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
    this.#pauseMs = this.#silenceMs;
  }

  /** Watches until nobody waits any more. Costs nothing while it does already. */
  wake(): void {
    if (this.#isAwake || this.#closing.signal.aborted) return;
    this.#isAwake = true;
    this.#pauseMs = this.#silenceMs;
    this.#lookLater();
  }

  /** Ends it, and a search that is under way. Idempotent. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    // Whoever waits holds something that keeps the process alive, or nothing needs to.
    this.#timer = setTimeout(() => void this.#look(), this.#pauseMs).unref();
  }

  async #look(): Promise<void> {
    const silent = this.#silentSince(this.#seen);
    this.#seen = new Map([...this.#options.connections()].map((one) => [one, one.progress]));
    if (this.#seen.size === 0 || this.#closing.signal.aborted) {
      this.#isAwake = false;
      return;
    }
    if (silent.length === 0) this.#pauseMs = this.#silenceMs;
    else await this.#ask(silent);
    if (!this.#closing.signal.aborted) this.#lookLater();
  }

  async #ask(silent: readonly DqliteConnection[]): Promise<void> {
    const before = new Map(silent.map((one) => [one, one.progress]));
    const leader = await this.#leader();
    const lost = this.#silentSince(before).filter(({ address }) => address !== leader);
    if (leader !== undefined && lost.length > 0) this.#options.onMoved(leader, lost);
    else this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  async #leader(): Promise<string | undefined> {
    const wait = { signal: this.#closing.signal, deadlineMs: SEARCH_LIMIT_MS };
    try {
      const connection = await this.#options.connector.connect(wait);
      connection.close();
      return connection.address;
    } catch {
      // Nobody leads at the moment; the next look asks again.
      return undefined;
    }
  }

  #silentSince(before: ReadonlyMap<DqliteConnection, number>): DqliteConnection[] {
    return [...this.#options.connections()].filter(
      (one) => before.get(one) === one.progress && !one.isPaused,
    );
  }
}
