/**
 * Runs the tests, after making sure that everything they need is installed and built.
 *
 * `npm test`, or with arguments for Vitest: `npm test -- --project unit libs/dqlite/src/wire`.
 */
import { spawn } from 'node:child_process';
import { build, root, setUp } from './setup.mjs';

const log = (text) => console.log(text.replaceAll(/^/gm, '[setup] '));

try {
  await setUp({ log });
  await build({ log });
} catch (error) {
  console.error(`Error: ${error.message}`);
  process.exit(1);
}

const vitest = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => vitest.kill(signal));
vitest.once('close', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
