/** The schemas, loaded on first use: Zod takes longer to load than a command line may take to start. */
import type { z } from 'zod';
import type * as schemas from '../types/schemas.js';

type Schemas = typeof schemas;

/** Picks a schema once they are loaded. */
export type Select<Value> = (schemas: Schemas) => z.ZodType<Value>;

/** The schemas with the functions that apply them. */
export async function wireFormat() {
  const [schemas, { encodeValue, parseValue }] = await Promise.all([
    import('../types/schemas.js'),
    import('../types/parse-body.js'),
  ]);
  return { schemas, encodeValue, parseValue };
}
