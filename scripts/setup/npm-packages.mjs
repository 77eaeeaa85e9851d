/** Installs the npm packages that package-lock.json names, when they are not there already. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tail } from './run.mjs';

/**
 * Whether what is installed is what package-lock.json says; optional packages may be missing.
 *
 * @param {string} root the repository
 */
export function packagesAreInstalled(root) {
  const installed = read(join(root, 'node_modules', '.package-lock.json'));
  const wanted = read(join(root, 'package-lock.json'));
  if (!installed || !wanted) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.optional || entry.devOptional || entry.peer) {
      return true;
    }
    if (!existsSync(join(root, path))) return false;
    return entry.link || installed.packages[path]?.version === entry.version;
  });
}

/**
 * Runs `npm ci`, without the packages' install scripts: none of ours is needed but sqlite3's, which is built
 * separately so that nothing is fetched from anywhere but npm and a failure does not undo the rest.
 *
 * @param {string} root
 * @throws {Error} with npm's last lines
 */
export async function installPackages(root) {
  const npm = process.env['npm_execpath'];
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = npm?.endsWith('.js')
    ? await run(process.execPath, [npm, ...args], { cwd: root })
    : await run('npm', args, { cwd: root });
  if (code !== 0) throw new Error(`npm ci failed:\n${tail(output)}`);
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
