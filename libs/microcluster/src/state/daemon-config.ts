/** `daemon.yaml`: what a member knows of itself between two starts (`spec/core-api.md` 1.3). */
import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { MicroclusterError } from '../errors/microcluster-error.js';
import { isSystemError } from '../errors/system-error.js';
import { encodeValue, parseValue } from '../types/parse-body.js';
import { daemonConfigSchema, type DaemonConfig } from '../types/schemas.js';
import { writeFileAtomic } from './write-file-atomic.js';

/**
 * Reads the file.
 *
 * @returns undefined when there is none, as before initialisation
 * @throws MicroclusterError `STATE_FILE_UNREADABLE` when it is not what we write
 */
export async function readDaemonConfigFile(file: string): Promise<DaemonConfig | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) return undefined;
    throw unreadable(file, cause);
  }
  try {
    // Without types: a name such as 1e3 is a text here, not a number.
    const content: unknown = parse(text, { schema: 'failsafe', logLevel: 'error' });
    return parseValue(daemonConfigSchema, content, 'daemon configuration');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** Replaces the file as a whole. */
export async function writeDaemonConfigFile(file: string, config: DaemonConfig): Promise<void> {
  const content = encodeValue(daemonConfigSchema, config);
  await writeFileAtomic(file, stringify(content, { indent: 4, lineWidth: 0 }), 0o644);
}

function unreadable(file: string, cause: unknown): MicroclusterError {
  const text = cause instanceof Error ? cause.message : String(cause);
  // The parser of YAML goes on with an excerpt of the file.
  const [reason = ''] = text.split('\n', 1);
  return new MicroclusterError('STATE_FILE_UNREADABLE', { file, reason }, { cause });
}
