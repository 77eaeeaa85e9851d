/** Writing the fields of one event, as text or as JSON. */

/** An event and its fields, in the order in which they were given. */
type Fields = readonly (readonly [name: string, value: unknown])[];

/** What Nest calls a level, by the name that collectors of logs know. */
const LEVEL_NAMES: Readonly<Record<string, string>> = { log: 'info' };

/** The fields of a message that is an event; `undefined` for every other one. */
export function fieldsOf(message: unknown): Fields | undefined {
  if (typeof message !== 'object' || message === null || !('event' in message)) return undefined;
  return Object.entries(message).filter(([, value]) => value !== undefined);
}

/** `event name=value ...`, always one line. */
export function textOf(fields: Fields, showStacks: boolean): string {
  const event = fields.find(([name]) => name === 'event')?.[1];
  const rest = fields
    .filter(([name]) => name !== 'event')
    .map(([name, value]) => ` ${name}=${textValue(value, showStacks)}`);
  return `${String(event)}${rest.join('')}`;
}

/**
 * One JSON object in one line: `time`, `level` and `context` first, then the fields of the event, or
 * `message`. A field of an event never replaces one of these three.
 */
export function jsonOf(record: Readonly<Record<string, unknown>>, showStacks: boolean): string {
  const { level, timestamp, context, message, pid: _pid, stack, error, ...rest } = record;
  const line = new Map<string, unknown>([
    ['time', new Date(Number(timestamp)).toISOString()],
    ['level', LEVEL_NAMES[String(level)] ?? level],
  ]);
  if (context !== undefined) line.set('context', context);
  const fields = fieldsOf(message) ?? [['message', message] as const];
  for (const [name, value] of [...fields, ...Object.entries(rest)]) {
    if (!line.has(name)) line.set(name, value);
  }
  if (error !== undefined && !line.has('error')) line.set('error', error);
  if (stack !== undefined) line.set('stack', stack);
  return JSON.stringify(Object.fromEntries(line), (_name, value: unknown) =>
    jsonValue(value, showStacks),
  );
}

function textValue(value: unknown, showStacks: boolean): string {
  if (value instanceof Error) {
    return JSON.stringify(showStacks ? (value.stack ?? value.message) : value.message);
  }
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  if (typeof value === 'bigint') return String(value);
  return (
    JSON.stringify(value, (_name, inner: unknown) => jsonValue(inner, showStacks)) ?? 'undefined'
  );
}

function jsonValue(value: unknown, showStacks: boolean): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  const code: unknown = 'code' in value ? value.code : undefined;
  return {
    message: value.message,
    ...(code !== undefined && { code }),
    ...(showStacks && { stack: value.stack }),
  };
}
