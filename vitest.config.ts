import { defineConfig } from 'vitest/config';

const FUZZ_SPECS = 'libs/*/src/**/*.fuzz.spec.ts';
/** How long something is waited for that comes at once where nothing else runs; it only delays a failure. */
const PATIENCE_MS = 60_000;
const FUZZ_RUNS = Number(process.env['FUZZ_RUNS'] ?? 1);

export default defineConfig({
  // Specs belong to no tsconfig of a library, from which Vite would learn that decorators are Nest's.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    pool: 'forks',
    // The default is one less than there are processors, of which small machines have two.
    maxWorkers: '100%',
    expect: { poll: { timeout: PATIENCE_MS } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'libs/*/src/**/*.spec.ts',
            'src/**/*.spec.ts',
            'scripts/**/*.spec.ts',
            'test/faults/**/*.spec.ts',
          ],
          exclude: [FUZZ_SPECS],
          testTimeout: 3 * PATIENCE_MS,
          hookTimeout: 3 * PATIENCE_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'fuzz',
          include: [FUZZ_SPECS],
          setupFiles: ['libs/dqlite/src/fuzz/setup.fixture.ts'],
          // As many times as many cases take as many times as long.
          testTimeout: 3 * PATIENCE_MS * FUZZ_RUNS,
          hookTimeout: 3 * PATIENCE_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.e2e-spec.ts'],
          testTimeout: 6 * PATIENCE_MS,
          hookTimeout: 6 * PATIENCE_MS,
        },
      },
    ],
  },
});
