/** Builds the optional sqlite3 package from its own source, against the headers shipped beside Node. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { availableParallelism } from 'node:os';
import { run, tail } from './run.mjs';

/** Whether sqlite3 can be loaded; true as well when it is not installed at all, as it is optional. */
export async function sqlite3Works(root) {
  if (!existsSync(join(root, 'node_modules', 'sqlite3', 'package.json'))) return true;
  const { code } = await run(process.execPath, ['-e', "require('sqlite3')"], { cwd: root });
  return code === 0;
}

/** The folder whose `include/node` has Node's headers, or undefined. */
export function nodeHeaders() {
  const candidates = [
    process.env['npm_config_nodedir'],
    dirname(dirname(process.execPath)),
    '/usr',
    '/usr/local',
  ];
  return candidates.find(
    (folder) => folder && existsSync(join(folder, 'include', 'node', 'node_api.h')),
  );
}

/**
 * Compiles it. Its own install script would try to download a binary first.
 *
 * @param {string} root
 * @returns {Promise<string | undefined>} what stands in the way, undefined when it works now
 */
export async function buildSqlite3(root) {
  const headers = nodeHeaders();
  if (!headers) {
    return "Node's headers (include/node) are not installed beside it; set npm_config_nodedir to their folder";
  }
  const require = createRequire(join(root, 'node_modules', 'sqlite3', 'package.json'));
  let gyp;
  try {
    gyp = join(dirname(require.resolve('node-gyp/package.json')), 'bin', 'node-gyp.js');
  } catch {
    return 'node-gyp is not installed';
  }
  const { code, output } = await run(
    process.execPath,
    [gyp, 'rebuild', `--nodedir=${headers}`, `--jobs=${availableParallelism()}`],
    { cwd: join(root, 'node_modules', 'sqlite3') },
  );
  if (code !== 0) return `compiling it failed:\n${tail(output)}`;
  return (await sqlite3Works(root)) ? undefined : 'it was compiled but cannot be loaded';
}
