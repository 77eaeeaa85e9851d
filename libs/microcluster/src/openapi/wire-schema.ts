/** JSON Schemas of what travels, made from the Zod schemas that parse it (`spec/core-api.md` 6). */
import { z } from 'zod';

/** A schema as OpenAPI 3.1 has it: JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Whose schema it is: a sender may leave out what has a default, a reply has every key. */
export type WireDirection = 'request' | 'reply';

/** Where the schemas of one document are collected by name, for references. */
export interface SchemaNames {
  /** `undefined` for a schema that is written out where it is used. */
  readonly nameOf: (schema: z.core.$ZodType, direction: WireDirection) => string | undefined;
  readonly components: Map<string, JsonSchema>;
}

/** The JSON side of `schema`. Named schemas become references, and are added to the components. */
export function wireSchema(
  schema: z.core.$ZodType,
  direction: WireDirection,
  names: SchemaNames,
): JsonSchema {
  const name = names.nameOf(schema, direction);
  if (name === undefined) return convert(schema, direction, names);
  if (!names.components.has(name)) {
    names.components.set(name, {});
    names.components.set(name, convert(schema, direction, names));
  }
  return { $ref: `#/components/schemas/${name}` };
}

function convert(
  schema: z.core.$ZodType,
  direction: WireDirection,
  names: SchemaNames,
): JsonSchema {
  const behind = objectBehind(schema, direction);
  const { $schema: _dialect, ...converted } = z.toJSONSchema(behind ?? schema, {
    io: 'input',
    // A bigint is an integer in our JSON, which Zod does not know.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodBigInt) jsonSchema.type = 'integer';
      if (zodSchema === (behind ?? schema) || objectBehind(zodSchema, direction) === undefined)
        return;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      Object.assign(jsonSchema, wireSchema(zodSchema, direction, names));
    },
  });
  return converted;
}

/**
 * What stands behind a codec that only tidies JSON up before the real schema reads it, as in `goObject`:
 * Zod would describe the codec, which takes anything.
 */
function objectBehind(
  schema: z.core.$ZodType,
  direction: WireDirection,
): z.core.$ZodType | undefined {
  if (!(schema instanceof z.ZodPipe) || !(schema.in instanceof z.ZodCodec)) return undefined;
  const { out } = schema;
  const described = out instanceof z.ZodObject ? z.object(fieldsOf(out, direction)) : out;
  return schema.in.in instanceof z.ZodNullable && described instanceof z.ZodType
    ? described.nullable()
    : described;
}

function fieldsOf(object: z.ZodObject, direction: WireDirection): z.ZodRawShape {
  return Object.fromEntries(
    Object.entries(object.shape).map(([key, field]) => {
      if (!(field instanceof z.ZodDefault)) return [key, field];
      const inner = field.unwrap();
      return [
        key,
        direction === 'request' && inner instanceof z.ZodType ? inner.optional() : inner,
      ];
    }),
  );
}
