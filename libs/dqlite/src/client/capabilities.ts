/** Finds out what the server at the other end can do, since peers may run different versions (`spec/dqlite.md` A.10). */
import { isDqliteError } from '../errors/index.js';
import { encodeRequest, MAX_NARROW_PARAMETERS } from '../wire/index.js';
import type { Channel } from './channel.js';
import type { Deadline } from './deadline.js';
import { requestOne } from './exchanges.js';

export interface Capabilities {
  /** Largest number of parameters of a statement. */
  readonly maxParameters: number;
}

/** SQLite's own limit. */
const SQLITE_MAX_PARAMETERS = 32_766;
const PARSE_FAILURE = 1005;

/** An old server ignores the schema byte of this request, a new one (1.12 and later) refuses it. Harmless on both. */
export async function probeCapabilities(
  channel: Channel,
  deadline: Deadline,
): Promise<Capabilities> {
  try {
    const probe = encodeRequest({ type: 'leader', schema: 1 });
    await requestOne(channel, 'server', probe, 'none', deadline);
    return { maxParameters: MAX_NARROW_PARAMETERS };
  } catch (error) {
    if (!isDqliteError(error, 'SQL') || error.sqliteCode !== PARSE_FAILURE) throw error;
    return { maxParameters: SQLITE_MAX_PARAMETERS };
  }
}
