/**
 * Makes a fresh clone ready: npm packages, the compiled sqlite3, and libdqlite. Takes nothing from anywhere but
 * npm and the system's packages, does only what is missing, and says exactly what to install where it can't.
 *
 * `npm run setup`; also called by `npm test`, `npm run demo` and `npm run bench`.
 */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './setup/lock.mjs';
import { installPackages, packagesAreInstalled } from './setup/npm-packages.mjs';
import { run, tail } from './setup/run.mjs';
import { buildSqlite3, sqlite3Works } from './setup/sqlite3.mjs';
import { hasDqlite, hasProgram, installSystemPackages } from './setup/system-packages.mjs';

/** The repository. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Installs what is missing.
 *
 * @param {{log?: (text: string) => void, interop?: boolean, faults?: boolean}} [options] `interop` also installs
 *   Debian's dqlite tools, which some tests use; `faults` what network namespaces need
 * @returns {Promise<{dqlite: boolean, sqlite: boolean}>} which engines can be used
 * @throws {Error} when the npm packages can't be installed
 */
export async function setUp({
  log = console.log,
  interop = process.env['CI'] === 'true',
  faults = false,
} = {}) {
  assertNodeVersion();
  const whatIsWanted = () => whatIsMissing({ interop, faults });
  if (Object.values(await whatIsWanted()).some(Boolean)) {
    await withLock(root, async () => install(await whatIsWanted(), log), log);
  }
  return { dqlite: await hasDqlite(), sqlite: await sqlite3Works(root) };
}

/** Compiles the libraries and the programs. */
export async function build({ log = console.log } = {}) {
  log('building');
  const { code, output } = await run(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.json'],
    { cwd: root },
  );
  if (code !== 0) throw new Error(`The build failed:\n${tail(output, 40)}`);
}

function assertNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node ${process.versions.node} is too old: 20.19 or later is needed`);
  }
}

async function whatIsMissing({ interop, faults }) {
  const packages = !packagesAreInstalled(root);
  return {
    packages,
    sqlite3: packages || !(await sqlite3Works(root)),
    dqlite: !(await hasDqlite()),
    interop: interop && !(await hasProgram('dqlite-demo')),
    namespaces: faults && !((await hasProgram('ip')) && (await hasProgram('nft'))),
  };
}

async function install(missing, log) {
  if (missing.packages) {
    log('installing npm packages');
    await installPackages(root);
  }
  if (missing.dqlite) await installOrExplain('libdqlite', ['libdqlite0'], explainDqlite, log);
  if (missing.interop) {
    await installOrExplain('the dqlite tools', ['go-dqlite'], explainInterop, log);
  }
  if (missing.namespaces) {
    await installOrExplain(
      'the programs for network namespaces',
      ['iproute2', 'nftables'],
      explainNamespaces,
      log,
    );
  }
  if (missing.sqlite3 && !(await sqlite3Works(root))) await installSqlite3(log);
}

async function installOrExplain(what, packages, explain, log) {
  log(`installing ${what} (apt-get install ${packages.join(' ')})`);
  const obstacle = await installSystemPackages(packages);
  if (obstacle) log(explain(obstacle));
}

async function installSqlite3(log) {
  const tools =
    (await hasProgram('c++')) && (await hasProgram('make')) && (await hasProgram('python3'));
  if (!tools) {
    await installOrExplain('build tools', ['build-essential', 'python3'], explainBuildTools, log);
  }
  log('compiling sqlite3, the embedded engine (a minute or two, once)');
  const obstacle = await buildSqlite3(root);
  if (obstacle) {
    log(
      `sqlite3 is not available: ${obstacle}\nEverything but the embedded engine works without it.`,
    );
  }
}

function explainDqlite(obstacle) {
  return (
    `libdqlite is not installed (${obstacle}).\n` +
    'Install it yourself to form clusters:\n' +
    '  Debian, Ubuntu:  sudo apt-get install libdqlite0\n' +
    '  elsewhere:       build libdqlite or libcowsql, and set MICROCLUSTER_LIBDQLITE to its .so file'
  );
}

function explainInterop(obstacle) {
  return (
    `The tools of Debian's go-dqlite package are not installed (${obstacle}).\n` +
    'Tests against them are skipped. To run them: sudo apt-get install go-dqlite'
  );
}

function explainNamespaces(obstacle) {
  return (
    `ip and nft, which make and break network namespaces, are not installed (${obstacle}).\n` +
    'The faults of the network are done by proxies on the loopback interface instead. For namespaces:\n' +
    '  sudo apt-get install iproute2 nftables'
  );
}

function explainBuildTools(obstacle) {
  return (
    `A compiler is needed for sqlite3, the embedded engine (${obstacle}).\n` +
    'Install it yourself: sudo apt-get install build-essential python3'
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const engines = await setUp();
    console.log(
      `ready: dqlite ${engines.dqlite ? 'available' : 'missing'}, ` +
        `embedded engine ${engines.sqlite ? 'available' : 'missing'}`,
    );
  } catch (error) {
    console.error(`Error: ${error.message}`);
    process.exitCode = 1;
  }
}
