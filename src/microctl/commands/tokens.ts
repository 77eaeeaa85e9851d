/** `microctl tokens`: makes, shows and revokes join tokens. */
import { z } from 'zod';
import { parseDuration } from '../../duration.js';
import { parseAnswer, withDaemon } from '../connection.js';
import { describeError } from '../errors.js';
import { goTime } from '../output/go-time.js';
import { assertFormat, render } from '../output/render.js';
import type { Settings } from '../settings.js';

const tokenRecord = z.object({ name: z.string(), token: z.string(), expires_at: z.string() });

/** The flags of `tokens add`. */
export interface AddTokenOptions {
  readonly expireAfter: string;
  readonly anyName?: boolean;
}

/** Prints a new token for the machine `name`, or for one that chooses its name itself. */
export async function addToken(
  settings: Settings,
  name: string,
  { expireAfter, anyName }: AddTokenOptions,
): Promise<void> {
  const body = {
    name,
    expire_after: lifetime(expireAfter),
    ...(anyName === true && { any_name: true }),
  };
  const answer = await withDaemon(settings, (daemon) =>
    daemon.request('POST', '/core/control/tokens', { body }),
  );
  settings.terminal.out(`${parseAnswer(z.string(), 'the request for a token', answer)}\n`);
}

/** Prints the tokens that are still valid. */
export async function listTokens(settings: Settings, format: string): Promise<void> {
  assertFormat(format);
  const answer = await withDaemon(settings, (daemon) =>
    daemon.request('GET', '/core/control/tokens'),
  );
  const tokens = parseAnswer(z.array(tokenRecord).nullable(), 'the list of tokens', answer) ?? [];
  settings.terminal.out(
    render(format, {
      header: ['NAME', 'TOKENS', 'EXPIRES AT'],
      rows: tokens.map((t) => [t.name, t.token, goTime(t.expires_at)]),
      objects: answer,
    }),
  );
}

/** Makes a token useless; prints nothing when that worked. */
export async function revokeToken(settings: Settings, name: string): Promise<void> {
  await withDaemon(settings, (daemon) =>
    daemon.request('DELETE', `/core/1.0/tokens/${encodeURIComponent(name)}`),
  );
}

/** Nanoseconds, as a number where it can hold them exactly. */
function lifetime(text: string): number | bigint {
  try {
    const nanoseconds = parseDuration(text);
    const number = Number(nanoseconds);
    return Number.isSafeInteger(number) ? number : nanoseconds;
  } catch (error) {
    throw new Error(`Invalid value for expire-after: ${describeError(error)}`, { cause: error });
  }
}
