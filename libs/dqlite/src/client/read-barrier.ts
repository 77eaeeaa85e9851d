/** Confirms, with a majority of the voters, that a node still leads: what is read on it afterwards is not stale. */
import { DqliteError, isDqliteError } from '../errors/index.js';
import type { Dial } from '../values.js';
import { DqliteConnection } from './connection.js';
import { Deadline } from './deadline.js';
import { retrying } from './retry.js';

/**
 * How fresh a read has to be.
 *
 * - `leader`: what the node that leads in the client's eyes has applied. A leader that was cut off serves this until it
 *   notices, one election timeout (3 s by default) at most: the answer can miss writes that were acknowledged meanwhile.
 * - `linearizable`: everything that was acknowledged before the call began. Costs a commit through Raft, which the
 *   concurrent calls of a client share, and fails without a majority.
 */
export type Consistency = 'leader' | 'linearizable';

/** A database beside the user's: its commits go through the same log, and wait for none of the user's writers. */
export const BARRIER_DATABASE = 'read-barrier';

const CREATE =
  'CREATE TABLE IF NOT EXISTS barrier (id INTEGER PRIMARY KEY CHECK (id = 1), passed INTEGER NOT NULL)';
/** Has to change the row: a statement that stores what is there already commits nothing, and asks nobody. */
const PASS =
  'INSERT INTO barrier (id, passed) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET passed = passed + 1';

export interface ReadBarrierOptions {
  readonly dial: Dial;
  /** Milliseconds after which a commit is given up. */
  readonly deadlineMs: number;
}

export class ReadBarrier {
  readonly #options: ReadBarrierOptions;
  readonly #gates = new Map<string, Gate>();
  #closed: DqliteError | undefined;

  constructor(options: ReadBarrierOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the node of `connection` has committed, and therefore applied, something after this call. Whatever
   * `connection` reads from then on was read by a node that had applied all that was acknowledged before the call.
   * That holds for this very connection only: another one may lead to another node, or to the same one restarted.
   *
   * @throws DqliteError NOT_LEADER, LEADERSHIP_LOST or CONNECTION_LOST when the node does not lead; TIMEOUT, ABORTED
   */
  async pass({ address }: DqliteConnection, deadline: Deadline): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed;
    let gate = this.#gates.get(address);
    if (gate === undefined) {
      gate = new Gate(address, this.#options);
      this.#gates.set(address, gate);
    }
    const limit = deadline.toSignal();
    const over = new Promise<never>((_, reject) => {
      const end = (): void => reject(deadline.error('Confirming the leader for a read'));
      if (limit.signal.aborted) end();
      else limit.signal.addEventListener('abort', end, { once: true });
    });
    try {
      await Promise.race([gate.pass(), over]);
    } finally {
      limit.dispose();
    }
  }

  /** The node at `address` does not answer, and another one leads: whoever waits for it is told. */
  abandon(address: string): void {
    this.#gates.get(address)?.close();
    this.#gates.delete(address);
  }

  /** Refuses new calls and closes the connections. Idempotent. */
  close(error: DqliteError): void {
    this.#closed ??= error;
    for (const gate of this.#gates.values()) gate.close();
    this.#gates.clear();
  }
}

/** The barrier at one node. At most one commit is under way; all who come meanwhile share the next. */
class Gate {
  readonly #address: string;
  readonly #options: ReadBarrierOptions;
  #connection: DqliteConnection | undefined;
  readonly #over = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(address: string, options: ReadBarrierOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** Settles with a commit that begins after this call. */
  pass(): Promise<void> {
    this.#next ??= this.#afterRunning();
    return this.#next;
  }

  /** Ends it for good, with LEADERSHIP_LOST for all who wait. */
  close(): void {
    this.#over.abort();
    this.#disconnect();
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #afterRunning(): Promise<void> {
    await this.#running.catch(() => undefined); // told to those who waited for it
    const round = this.#commit();
    this.#running = round;
    this.#next = undefined;
    await round;
  }

  async #commit(): Promise<void> {
    const { signal } = this.#over;
    const deadline = new Deadline({ deadlineMs: this.#options.deadlineMs, signal });
    const what = `Confirming that the node at ${this.#address} leads`;
    const mayRetry = ({ code }: DqliteError): boolean => code === 'BUSY';
    try {
      await retrying({ deadline, what, mayRetry }, async () => {
        const connection = await this.#open(deadline);
        await connection.exec(PASS, [], { deadlineMs: deadline.remainingMs, signal });
      });
    } catch (error) {
      this.#disconnect();
      // Whether the barrier itself was committed is of no interest to anybody.
      if (!isDqliteError(error, 'OUTCOME_UNKNOWN', 'TIMEOUT', 'CLOSED', 'ABORTED')) throw error;
      throw new DqliteError('LEADERSHIP_LOST', { address: this.#address }, { cause: error });
    }
  }

  /** To this node, whoever leads: a barrier at another one would say nothing about it. */
  async #open(deadline: Deadline): Promise<DqliteConnection> {
    if (this.#connection?.closed === false) return this.#connection;
    const wait = { deadlineMs: deadline.remainingMs, signal: deadline.signal };
    const { dial } = this.#options;
    const connection = await DqliteConnection.connect({ ...wait, dial, address: this.#address });
    try {
      await connection.open(BARRIER_DATABASE, wait);
      await connection.exec(CREATE, [], wait);
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#connection = connection;
    return connection;
  }
}
