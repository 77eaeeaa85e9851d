/** The file of a backup: gzip over lines of JSON, a header first, a checksum last. */
import { createHash } from 'node:crypto';
import { pipeline, Readable, Transform } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { contentsRecordSchema, type ContentsRecord } from '../database/contents.js';
import { MicroclusterError } from '../errors/microcluster-error.js';

/** What the first line says. */
export const headerSchema = z.object({
  format: z.literal('microcluster-backup'),
  version: z.literal(1, { error: 'it was made by a newer release' }),
  /** When the state was read, RFC 3339. */
  created: z.string(),
  /** The application's version. */
  application: z.string(),
  /** Name of the member that made it. */
  member: z.string(),
  /** How many schema updates the database has. */
  schema: z.object({ internal: z.int().min(0), external: z.int().min(0) }),
});
export type BackupHeader = z.output<typeof headerSchema>;

const endSchema = z.object({
  kind: z.literal('end'),
  /** SHA-256 of all bytes before this line, lower-case hex. */
  sha256: z.string(),
});

/** A line is held in memory; a row with two of SQLite's largest values would not fit anyway. */
const MAX_LINE_BYTES = 512 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The bytes of a backup file. */
export function formatBackup(
  header: Omit<BackupHeader, 'format' | 'version'>,
  records: AsyncIterable<ContentsRecord>,
): Readable {
  const lines = Readable.from(linesOf(header, records), { objectMode: false });
  return compressed(lines, createGzip());
}

async function* linesOf(
  header: Omit<BackupHeader, 'format' | 'version'>,
  records: AsyncIterable<ContentsRecord>,
): AsyncGenerator<string, void, undefined> {
  const hash = createHash('sha256');
  const line = (value: unknown): string => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    return text;
  };
  yield line({ format: 'microcluster-backup', version: 1, ...header });
  for await (const record of records) yield line(record);
  yield `${JSON.stringify({ kind: 'end', sha256: hash.digest('hex') })}\n`;
}

/** A backup file that is being read. */
export interface OpenBackup {
  readonly header: BackupHeader;
  /** Ends after the checksum was found right; to be read to its end, or returned. */
  readonly records: AsyncGenerator<ContentsRecord, void, undefined>;
}

/**
 * Reads a backup.
 *
 * @param source names it in errors
 * @throws MicroclusterError `BAD_REQUEST` when it is none, is damaged or was cut off, here and from `records`
 */
export async function readBackup(bytes: Readable, source: string): Promise<OpenBackup> {
  const hash = createHash('sha256');
  const lines = split(compressed(bytes, createGunzip()));
  const damaged = (cause: unknown): MicroclusterError => {
    if (cause instanceof MicroclusterError) return cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    const reason = `${source} is no intact backup: ${detail}; use another one`;
    return new MicroclusterError('BAD_REQUEST', { reason }, { cause });
  };
  async function* recordsOf(): AsyncGenerator<ContentsRecord, void, undefined> {
    try {
      for await (const line of lines) {
        const value = jsonOf(line);
        const end = endSchema.safeParse(value);
        if (end.success) {
          if (end.data.sha256 !== hash.digest('hex')) throw new Error('its checksum is wrong');
          return;
        }
        hash.update(line);
        const record = contentsRecordSchema.safeParse(value);
        if (!record.success) throw new Error('it has a record of no known kind');
        yield record.data;
      }
      throw new Error('it was cut off');
    } catch (cause) {
      throw damaged(cause);
    } finally {
      bytes.destroy();
    }
  }
  try {
    const first = await lines.next();
    if (first.done === true) throw new Error('it is empty');
    hash.update(first.value);
    const header = headerSchema.safeParse(jsonOf(first.value));
    if (!header.success) throw new Error(header.error.issues[0]?.message ?? 'its header is wrong');
    return { header: header.data, records: recordsOf() };
  } catch (cause) {
    bytes.destroy();
    throw damaged(cause);
  }
}

/** The message of the parser would quote the line, which is somebody's data. */
function jsonOf(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch (cause) {
    throw new Error('it has a line that is not JSON', { cause });
  }
}

/**
 * Reads a backup from its first byte to its last.
 *
 * @throws MicroclusterError `BAD_REQUEST` as {@link readBackup}
 */
export async function verifyBackup(bytes: Readable, source: string): Promise<BackupHeader> {
  const { header, records } = await readBackup(bytes, source);
  for await (const _record of records);
  return header;
}

/** An error on one side destroys the other. */
function compressed(from: Readable, through: Transform): Readable {
  pipeline(from, through, () => undefined);
  return through;
}

/** The lines with their newline. */
async function* split(bytes: Readable): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    let rest = Buffer.from(chunk);
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      yield Buffer.concat([...parts, rest.subarray(0, end + 1)]);
      parts = [];
      length = 0;
      rest = rest.subarray(end + 1);
    }
    parts.push(rest);
    length += rest.length;
    if (length > MAX_LINE_BYTES) throw new Error('a line of it is too long');
  }
  if (length > 0) throw new Error('it was cut off');
}
