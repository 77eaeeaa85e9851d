/** `microctl init`: founds a cluster or joins one. */
import { assertAddress } from '../address.js';
import { appOf, withDaemon } from '../connection.js';
import { describeError } from '../errors.js';
import { withProgress } from '../progress.js';
import type { Settings } from '../settings.js';

/** The flags of the command. */
export interface InitOptions {
  readonly bootstrap?: boolean;
  readonly token?: string;
  /** `key=value` texts, handed to the hooks. */
  readonly config: readonly string[];
}

/** Asks the daemon to become the member `name` at `address`; prints nothing when that worked. */
export async function init(
  settings: Settings,
  name: string,
  address: string,
  options: InitOptions,
): Promise<void> {
  if ((options.bootstrap === true) === (options.token !== undefined)) {
    throw new Error('Option must be one of bootstrap or token');
  }
  assertAddress(address);
  const config = parseConfig(options.config);
  const body = {
    bootstrap: options.bootstrap === true,
    config,
    join_token: options.token ?? '',
    address,
    name,
  };
  const label = options.bootstrap === true ? 'Founding the cluster' : 'Joining the cluster';
  const watch = async () => databaseStatus(settings);
  await withProgress(
    settings,
    label,
    () => withDaemon(settings, (daemon) => daemon.request('POST', '/core/control', { body })),
    { watch },
  );
}

/** The text with which the daemon says why it cannot list members yet; empty once it can. */
async function databaseStatus(settings: Settings): Promise<string> {
  const app = await appOf(settings);
  return app.getClusterMembers({ signal: settings.signal }).then(() => '', describeError);
}

function parseConfig(pairs: readonly string[]): Record<string, string> {
  const entries = pairs.map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) throw new Error(`Malformed additional configuration value ${pair}`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(entries);
}
