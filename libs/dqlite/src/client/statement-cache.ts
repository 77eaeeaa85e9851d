/** Remembers the statements prepared on one connection, least recently used first out (`spec/dqlite.md` D.7). */

/** Shared by the connections of one client: raised by each change of the schema, which makes prepared statements stale. */
export interface SchemaGeneration {
  value: number;
}

/** What to do with a statement that is about to be run. */
export type Preparation =
  | { readonly action: 'use'; readonly id: number }
  /** It comes for the second time: worth preparing. */
  | { readonly action: 'prepare' }
  | { readonly action: 'send-text' };

/** Marks a text that was seen once and is not prepared yet. */
const SEEN = -1;

const SEND_TEXT: Preparation = { action: 'send-text' };
const PREPARE: Preparation = { action: 'prepare' };

export class StatementCache {
  readonly #capacity: number;
  readonly #schema: SchemaGeneration;
  #generation: number;
  readonly #ids = new Map<string, number>();
  #stale: number[] = [];

  /** @param capacity statements kept, 0 to prepare none. More costs memory on the server. */
  constructor(capacity: number, schema: SchemaGeneration) {
    this.#capacity = capacity;
    this.#schema = schema;
    this.#generation = schema.value;
  }

  /** Decides how to run `sql`, and counts it as used. */
  next(sql: string): Preparation {
    if (this.#capacity === 0) return SEND_TEXT;
    if (this.#generation !== this.#schema.value) this.clear();
    const id = this.#ids.get(sql);
    if (id === undefined) {
      this.#put(sql, SEEN);
      return SEND_TEXT;
    }
    if (id === SEEN) return PREPARE;
    this.#ids.delete(sql);
    this.#ids.set(sql, id);
    return { action: 'use', id };
  }

  prepared(sql: string, id: number): void {
    this.#put(sql, id);
  }

  /** Whether there are ids to be finalised. */
  get hasStale(): boolean {
    return this.#stale.length > 0;
  }

  /** Ids to be finalised on the server; each is returned once. */
  takeStale(): number[] {
    if (this.#stale.length === 0) return this.#stale;
    return this.#stale.splice(0);
  }

  /** Forgets everything; the ids become stale. */
  clear(): void {
    for (const id of this.#ids.values()) if (id !== SEEN) this.#stale.push(id);
    this.#ids.clear();
    this.#generation = this.#schema.value;
  }

  #put(sql: string, id: number): void {
    this.#ids.delete(sql);
    this.#ids.set(sql, id);
    if (this.#ids.size <= this.#capacity) return;
    for (const [oldest, oldestId] of this.#ids) {
      this.#ids.delete(oldest);
      if (oldestId !== SEEN) this.#stale.push(oldestId);
      return;
    }
  }
}
