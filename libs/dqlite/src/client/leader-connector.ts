/** Finds the node that leads and connects to it, through redirects and elections (`spec/dqlite.md` C.4). */
import { DqliteError } from '../errors/index.js';
import type { Dial, NodeInfo } from '../values.js';
import { DqliteConnection, type ConnectOptions } from './connection.js';
import { Deadline, type WaitOptions } from './deadline.js';

export interface LeaderConnectorOptions {
  readonly dial: Dial;
  /** The members known now; asked again in each round. */
  readonly servers: () => readonly Pick<NodeInfo, 'address' | 'role'>[];
  /** Bound of one attempt on one server, milliseconds. Default 2000. Lower: slow networks look dead. Higher: a dead host delays the next round. */
  readonly attemptTimeoutMs?: number;
  /** Silence after which the next server is tried beside the first, milliseconds. Default 250. */
  readonly staggerMs?: number;
  /** Largest pause between rounds, milliseconds. Default 400. Lower: more requests during an election. Higher: the new leader is found later. */
  readonly maxBackoffMs?: number;
  /** Passed on to the connections. */
  readonly connection?: Pick<ConnectOptions, 'maxBodyBytes' | 'schema' | 'preparedStatements'>;
}

const FIRST_BACKOFF_MS = 25;
const ROLE_ORDER = { voter: 0, 'stand-by': 1, spare: 2 } as const;

export class LeaderConnector {
  readonly #options: LeaderConnectorOptions;
  #lastLeader: string | undefined;

  constructor(options: LeaderConnectorOptions) {
    this.#options = options;
  }

  /** Address of the leader that was found last. */
  get lastLeader(): string | undefined {
    return this.#lastLeader;
  }

  /** Makes the next search start elsewhere, if `address` is the leader found last. */
  forget(address: string): void {
    if (this.#lastLeader === address) this.#lastLeader = undefined;
  }

  /**
   * A connection to the leader, on which no database is open yet. Repeats rounds until the deadline (default 20 s).
   *
   * @throws DqliteError NO_LEADER when none was found in time, ABORTED
   */
  async connect(options?: WaitOptions | AbortSignal): Promise<DqliteConnection> {
    const wait = options instanceof AbortSignal ? { signal: options } : options;
    const deadline = new Deadline(wait);
    let backoff = FIRST_BACKOFF_MS;
    for (;;) {
      const reason = await this.#round(deadline);
      if (reason instanceof DqliteConnection) return reason;
      if (deadline.signal?.aborted === true) throw deadline.error('The search for the leader');
      const pause = backoff * (0.5 + Math.random() / 2);
      if (deadline.remainingMs <= pause) throw this.#noLeader(reason);
      await deadline.pause(pause, 'The search for the leader');
      backoff = Math.min(backoff * 2, this.#options.maxBackoffMs ?? 400);
    }
  }

  /** Asks all servers, the likeliest first; the first that leads wins and the other attempts are given up. */
  async #round(deadline: Deadline): Promise<DqliteConnection | Error> {
    const waiting = this.#candidates();
    if (waiting.length === 0) return new Error('no servers are known');
    const losers = new AbortController();
    const limit = deadline.toSignal();
    const signal = AbortSignal.any([losers.signal, limit.signal]);
    const asked = new Set<string>();
    let failure = new Error('no server answered');

    return await new Promise<DqliteConnection | Error>((resolve) => {
      let running = 0;
      let isOver = false;
      let stagger: NodeJS.Timeout | undefined;

      const finish = (result: DqliteConnection | Error): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(stagger);
        losers.abort();
        limit.dispose();
        resolve(result);
      };
      const startNext = (): void => {
        if (isOver) return;
        clearTimeout(stagger);
        const address = waiting.shift();
        if (address === undefined) {
          if (running === 0) finish(failure);
          return;
        }
        running++;
        stagger = setTimeout(startNext, this.#options.staggerMs ?? 250);
        this.#attempt(address, asked, signal).then(
          (connection) => {
            if (isOver) return connection.close();
            this.#lastLeader = connection.address;
            return finish(connection);
          },
          (error: unknown) => {
            running--;
            failure = error instanceof Error ? error : new Error(String(error));
            startNext();
          },
        );
      };
      startNext();
    });
  }

  /** Asks one server, and once the one it names. */
  async #attempt(
    address: string,
    asked: Set<string>,
    signal: AbortSignal,
  ): Promise<DqliteConnection> {
    asked.add(address);
    const first = await this.#ask(address, signal);
    if (first instanceof DqliteConnection) return first;
    if (asked.has(`leader ${first}`)) throw new Error(`${address} names ${first}, which was asked`);
    asked.add(`leader ${first}`);
    const second = await this.#ask(first, signal);
    if (second instanceof DqliteConnection) return second;
    throw new Error(`${address} names ${first}, which names ${second}`);
  }

  /** A connection if the server at `address` leads, else the address that it names. */
  async #ask(address: string, signal: AbortSignal): Promise<DqliteConnection | string> {
    const deadlineMs = this.#options.attemptTimeoutMs ?? 2000;
    const { dial, connection: options } = this.#options;
    const connection = await DqliteConnection.connect({
      ...options,
      dial,
      address,
      signal,
      deadlineMs,
    });
    try {
      const leader = await connection.leader({ signal, deadlineMs });
      if (leader === undefined) throw new Error(`${address} knows no leader`);
      if (leader.address === address) return connection;
      connection.close();
      return leader.address;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The last leader, then voters, stand-bys and spares. */
  #candidates(): string[] {
    const servers = [...this.#options.servers()].sort(
      (a, b) => ROLE_ORDER[a.role] - ROLE_ORDER[b.role],
    );
    const addresses = new Set(servers.map(({ address }) => address));
    if (this.#lastLeader === undefined) return [...addresses];
    addresses.delete(this.#lastLeader);
    return [this.#lastLeader, ...addresses];
  }

  #noLeader(reason: Error): DqliteError {
    const servers = this.#candidates().join(', ') || 'no servers';
    return new DqliteError('NO_LEADER', { servers, reason: reason.message }, { cause: reason });
  }
}
