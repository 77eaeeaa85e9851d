/** Finds out which system packages are missing and installs them through apt where no password is needed. */
import { existsSync, readdirSync } from 'node:fs';
import { run, tail } from './run.mjs';

const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib',
  '/usr/lib64',
  '/usr/local/lib',
  '/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
];
const LIBRARY = /^lib(dqlite|cowsql)\.so\.\d+/;

/** Whether libdqlite, or libcowsql, which is the same, can be loaded. */
export async function hasDqlite() {
  const named = process.env['MICROCLUSTER_LIBDQLITE'];
  if (named) return existsSync(named);
  if (LIBRARY_FOLDERS.some((folder) => existsSync(folder) && readdirSync(folder).some(isLibrary))) {
    return true;
  }
  for (const ldconfig of ['ldconfig', '/sbin/ldconfig']) {
    const { code, output } = await run(ldconfig, ['-p']);
    if (code === 0) return /lib(dqlite|cowsql)\.so\.\d+/.test(output);
  }
  return false;
}

function isLibrary(file) {
  return LIBRARY.test(file);
}

/** Whether a program is on the PATH. */
export async function hasProgram(name) {
  const { code } = await run('sh', ['-c', `command -v ${name}`]);
  return code === 0;
}

let updated = false;

/**
 * Installs packages, if this user may without being asked for a password.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<string | undefined>} why not, undefined when they are installed
 */
export async function installSystemPackages(packages) {
  if (!(await hasProgram('apt-get'))) return 'this system has no apt-get';
  const root = process.getuid?.() === 0;
  if (!root && (await run('sudo', ['-n', 'true'])).code !== 0) {
    return 'that needs root, and sudo would ask for a password';
  }
  const apt = (...args) => {
    const command = [
      'apt-get',
      '-o',
      'DPkg::Lock::Timeout=300',
      '-o',
      'Acquire::Retries=2',
      ...args,
    ];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    return root
      ? run(command[0], command.slice(1), { env })
      : run('sudo', ['-n', 'DEBIAN_FRONTEND=noninteractive', ...command]);
  };
  if (!updated) {
    updated = true;
    const update = await apt('update');
    if (update.code !== 0) return `apt-get update failed:\n${tail(update.output, 5)}`;
  }
  const install = await apt('install', '-y', '--no-install-recommends', ...packages);
  if (install.code !== 0) return `apt-get install failed:\n${tail(install.output, 5)}`;
  return undefined;
}
