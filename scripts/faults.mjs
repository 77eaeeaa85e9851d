/**
 * Runs a cluster under faults and judges what it did: `npm run test:faults -- --help`.
 *
 * What it runs is in `test/faults`; Vite loads it as it is written.
 */
import { build, root, setUp } from './setup.mjs';

const log = (text) => console.log(text.replaceAll(/^/gm, '[setup] '));

try {
  await setUp({ log });
  await build({ log });
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(`${root}/test/faults/main.ts`, { root, logLevel: 'error' });
  process.exitCode = await module.main(process.argv.slice(2));
} catch (error) {
  console.error(`Error: ${error.message}`);
  process.exitCode = 1;
}
