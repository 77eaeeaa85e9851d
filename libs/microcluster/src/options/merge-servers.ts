/** Puts together what `forRootAsync` says of servers in two places: statically, and from its factory. */
import type { ServerArgs, ServerSettings } from './daemon-args.js';

/**
 * The declared servers with the settings that the factory adds; a setting of the factory wins.
 *
 * @throws TypeError for settings of a server that is not declared statically
 */
export function mergeServers(
  declared: Readonly<Record<string, ServerArgs>>,
  settings: Readonly<Record<string, ServerSettings>>,
): Record<string, ServerArgs> {
  const merged: Record<string, ServerArgs> = { ...declared };
  for (const [name, added] of Object.entries(settings)) {
    const server = declared[name];
    if (server === undefined) {
      throw new TypeError(
        `The factory of MicroclusterModule.forRootAsync has settings for the server "${name}", which is not among its static servers; declare its name, flags and resources there`,
      );
    }
    merged[name] = { ...server, ...added };
  }
  return merged;
}
