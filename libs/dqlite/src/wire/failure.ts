/** Finds code and text in a failure frame, which a server may have prefixed with half a result (`spec/dqlite.md` A.6). */
import { padded } from './body-reader.js';
import { WORD } from './constants.js';
import { MalformedMessage } from './malformed.js';

/** Larger codes do not exist, so a larger word is not a code. */
const CODE_LIMIT = 65_536;

/** No message is longer than this; bounds the search in a large body. */
const MAX_MESSAGE_BYTES = 65_536;

/**
 * Parses the body of a FAILURE.
 *
 * The server appends code and text to whatever its buffer held already. If they fill the body, they are read from
 * its start; otherwise the last place where a plausible code is followed by a text that ends in the last word wins.
 *
 * @throws MalformedMessage when no such place exists
 */
export function parseFailure(body: Buffer): { code: number; message: string } {
  const atStart = failureAt(body, 0);
  if (atStart !== undefined) return atStart;
  const last = body.length - 2 * WORD;
  const first = Math.max(WORD, last - MAX_MESSAGE_BYTES);
  for (let offset = last; offset >= first; offset -= WORD) {
    const found = failureAt(body, offset);
    if (found !== undefined) return found;
  }
  throw new MalformedMessage('a failure carries no code and text');
}

/** Code and text at `offset`, if the text ends exactly in the last word of the body. */
function failureAt(body: Buffer, offset: number): { code: number; message: string } | undefined {
  if (body.length - offset < 2 * WORD) return undefined;
  const code = body.readUInt32LE(offset);
  if (code >= CODE_LIMIT || body.readUInt32LE(offset + 4) !== 0) return undefined;
  const start = offset + WORD;
  const nul = body.indexOf(0, start);
  if (nul === -1 || start + padded(nul - start + 1) !== body.length) return undefined;
  return { code, message: body.toString('utf8', start, nul) };
}
