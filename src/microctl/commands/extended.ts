/** `microctl extended`: has a member ask all others, through the endpoint that the example application adds. */
import { z } from 'zod';
import { assertAddress } from '../address.js';
import { appOf, parseAnswer, withDaemon } from '../connection.js';
import type { Settings } from '../settings.js';

const PATH = '/1.0/extended';

/** Prints the answers of the others, a line each. @param address of the member that asks; default: the local one */
export async function extended(settings: Settings, address: string | undefined): Promise<void> {
  const answer =
    address === undefined
      ? await withDaemon(settings, (daemon) => daemon.request('POST', PATH))
      : await askAt(settings, address);
  settings.terminal.out(`${parseAnswer(z.string(), 'the extended request', answer)}\n`);
}

async function askAt(settings: Settings, address: string): Promise<unknown> {
  assertAddress(address);
  const { timeoutMs, signal } = settings;
  const client = await (await appOf(settings)).remoteClient(address);
  try {
    return await client.request('POST', PATH, { timeoutMs, signal });
  } finally {
    await client.close();
  }
}
