/** Objects read as Go reads them: keys in any case, `null` and missing fields as zero values (`spec/core-api.md` 6). */
import { z } from 'zod';

type JsonObject = z.ZodRecord<z.ZodString, z.ZodUnknown>;

/** Between a JSON object and its parsed form; writes exactly the keys of `Shape`, in their order. */
export type GoObject<Shape extends z.ZodRawShape> = z.ZodPipe<
  z.ZodCodec<JsonObject, JsonObject>,
  z.ZodObject<Shape>
>;

/**
 * An object of the wire format. A key that differs from the declared one only in case is accepted, unless
 * the exact one is present too; unknown keys are dropped; `null` means 'missing' for fields with a default.
 */
export function goObject<Shape extends z.ZodRawShape>(shape: Shape): GoObject<Shape> {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  const withZeroValue = new Set(
    Object.entries(shape).flatMap(([name, field]) => (field instanceof z.ZodDefault ? [name] : [])),
  );
  const jsonObject = () => z.record(z.string(), z.unknown(), { error: 'must be an object' });
  const folded = z.codec(jsonObject(), jsonObject(), {
    decode: (input) => foldKeys(input, names, withZeroValue),
    encode: (output) => output,
  });
  return z.pipe(folded, z.object(shape));
}

function foldKeys(
  input: Readonly<Record<string, unknown>>,
  names: ReadonlyMap<string, string>,
  withZeroValue: ReadonlySet<string>,
): Record<string, unknown> {
  const folded: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(input)) {
    const name = names.get(key.toLowerCase());
    if (name === undefined || (name !== key && Object.hasOwn(input, name))) continue;
    if (value === null && withZeroValue.has(name)) continue;
    folded[name] = value;
  }
  return folded;
}
