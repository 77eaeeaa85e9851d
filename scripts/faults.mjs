/**
 * Runs a cluster under faults and judges what it did: `npm run test:faults -- --help`.
 *
 * What it runs is in `test/faults`; Vite loads it as it is written.
 */
import { build, root, setUp } from './setup.mjs';

const log = (text) => console.log(text.replaceAll(/^/gm, '[setup] '));

try {
  const args = process.argv.slice(2);
  const needsNoNamespaces = args.some((arg) => /^(-h|--help)$|loopback$/.test(arg));
  // Only root can make them.
  await setUp({ log, faults: process.getuid?.() === 0 && !needsNoNamespaces });
  await build({ log });
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(`${root}/test/faults/main.ts`, { root, logLevel: 'error' });
  process.exitCode = await module.main(args);
} catch (error) {
  console.error(`Error: ${error.message}`);
  process.exitCode = 1;
}
