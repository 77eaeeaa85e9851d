/**
 * Runs the demo on another version of Node, taken from the npm package `node`.
 *
 * `node scripts/smoke.mjs 22` - both forms of the demo: one member on the embedded engine, and three on dqlite
 * where libdqlite is installed. Everything must be installed and built already.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tail } from './setup/run.mjs';
import { hasDqlite } from './setup/system-packages.mjs';
import { root } from './setup.mjs';

const version = process.argv[2];
if (version === undefined || !/^\d+(\.\d+)*$/.test(version)) {
  console.error('Error: say which version of Node, for example: node scripts/smoke.mjs 22');
  process.exit(1);
}

const folder = await mkdtemp(join(tmpdir(), 'microcluster-node-'));
try {
  const node = await fetchNode(folder, version);
  const { output } = await run(node, ['--version']);
  console.log(`Node ${output.trim()}`);
  const forms = (await hasDqlite()) ? [['--single'], []] : [['--single']];
  for (const form of forms) {
    const demo = await run(node, ['scripts/demo.mjs', '--no-setup', ...form], {
      cwd: root,
      show: true,
    });
    if (demo.code !== 0) {
      console.error(`Error: the demo failed on Node ${output.trim()}`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(`Error: ${error.message}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/**
 * Installs it and returns the binary. The package `node` itself only runs a script that installs the one for the
 * platform; asking for that directly needs no script.
 */
async function fetchNode(prefix, wanted) {
  await writeFile(join(prefix, 'package.json'), '{"private":true}');
  const name = `node-${process.platform}-${process.arch}`;
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const install = await run('npm', ['install', ...quiet, `${name}@${wanted}`], { cwd: prefix });
  const binary = join(prefix, 'node_modules', name, 'bin', 'node');
  if (install.code !== 0 || !existsSync(binary)) {
    throw new Error(`npm install ${name}@${wanted} brought no Node:\n${tail(install.output)}`);
  }
  return binary;
}
