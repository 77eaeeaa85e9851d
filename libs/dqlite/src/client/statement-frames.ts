/** Makes the request for a statement: by its text, or by the id under which the connection has prepared it. */
import { DqliteError } from '../errors/index.js';
import type { SqlParameter } from '../values.js';
import { encodeRequest, MAX_NARROW_PARAMETERS, type TupleSchema } from '../wire/index.js';
import { probeCapabilities, type Capabilities } from './capabilities.js';
import type { Channel } from './channel.js';
import type { Deadline } from './deadline.js';
import { requestOne, requestRows } from './exchanges.js';
import type { Effect } from './server-failure.js';
import type { Statement } from './statement.js';
import { StatementCache, type SchemaGeneration } from './statement-cache.js';

export class StatementFrames {
  readonly #channel: Channel;
  readonly #cache: StatementCache;
  #capabilities: Capabilities | undefined;

  constructor(channel: Channel, schema: SchemaGeneration, preparedStatements: number) {
    this.#channel = channel;
    this.#cache = new StatementCache(preparedStatements, schema);
  }

  /** Drops all prepared statements. */
  forget(): void {
    this.#cache.clear();
  }

  /** Refuses parameters that the server would quietly replace by NULL (rule 6). */
  async check(
    { parameterCount }: Statement,
    { length }: readonly SqlParameter[],
    deadline: Deadline,
  ): Promise<void> {
    if (length !== parameterCount) {
      throw new DqliteError('PARAMETER_COUNT', { given: length, expected: parameterCount });
    }
    if (length <= MAX_NARROW_PARAMETERS) return;
    this.#capabilities ??= await probeCapabilities(this.#channel, deadline);
    const { maxParameters: limit } = this.#capabilities;
    if (length > limit) {
      const { address } = this.#channel;
      throw new DqliteError('TOO_MANY_PARAMETERS', { count: length, address, limit });
    }
  }

  /**
   * The frame of a statement for which nothing has to be asked of the server before, or prepared; otherwise undefined,
   * and {@link check} and {@link make} see to it.
   */
  ready(
    type: 'exec' | 'query',
    { sql, parameterCount, preparable, followsSchema }: Statement,
    parameters: readonly SqlParameter[],
  ): Buffer | undefined {
    const { length } = parameters;
    if (length !== parameterCount || length > MAX_NARROW_PARAMETERS || followsSchema) {
      return undefined;
    }
    if (!preparable) return encodeRequest({ type: `${type}-sql`, sql, parameters, schema: 0 });
    const preparation = this.#cache.next(sql);
    if (preparation.action === 'prepare' || this.#cache.hasStale) return undefined;
    return encodeRequest(
      preparation.action === 'use'
        ? { type, statement: preparation.id, parameters, schema: 0 }
        : { type: `${type}-sql`, sql, parameters, schema: 0 },
    );
  }

  /**
   * The frame to send now. May ask the server for a preparation, or make it look at the schema, first.
   *
   * @param effect of the statement
   */
  async make(
    type: 'exec' | 'query',
    statement: Statement,
    parameters: readonly SqlParameter[],
    effect: Effect,
    deadline: Deadline,
  ): Promise<Buffer> {
    const schema: TupleSchema = parameters.length > MAX_NARROW_PARAMETERS ? 1 : 0;
    const { sql, preparable, followsSchema } = statement;
    if (followsSchema && type === 'query') await this.#refreshSchema(effect, deadline);
    const id = preparable ? await this.#preparedId(sql, effect, deadline) : undefined;
    return encodeRequest(
      id === undefined
        ? { type: `${type}-sql`, sql, parameters, schema }
        : { type, statement: id, parameters, schema },
    );
  }

  async #preparedId(sql: string, effect: Effect, deadline: Deadline): Promise<number | undefined> {
    const preparation = this.#cache.next(sql);
    const lost: Effect = effect === 'durable' ? 'none' : effect;
    for (const id of this.#cache.takeStale()) {
      const frame = encodeRequest({ type: 'finalize', statement: id });
      await requestOne(this.#channel, 'empty', frame, lost, deadline);
    }
    if (preparation.action === 'use') return preparation.id;
    if (preparation.action === 'send-text') return undefined;
    const frame = encodeRequest({ type: 'prepare', sql });
    const { id } = await requestOne(this.#channel, 'statement', frame, lost, deadline);
    this.#cache.prepared(sql, id);
    return id;
  }

  /**
   * A server names the columns of a result before it notices that another connection has changed the schema, and then
   * sends as many values as it named. Any read of a table makes it notice.
   */
  async #refreshSchema(effect: Effect, deadline: Deadline): Promise<void> {
    const frame = encodeRequest({
      type: 'query-sql',
      sql: 'SELECT 1 FROM sqlite_master LIMIT 1',
      parameters: [],
      schema: 0,
    });
    await requestRows(this.#channel, frame, effect === 'durable' ? 'none' : effect, deadline);
  }
}
