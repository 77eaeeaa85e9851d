#!/usr/bin/env node
/** The daemon of the example application: reads its flags, then runs until it is told to stop. */
import { packageVersion } from '../version.js';
import { parseFlags } from './flags.js';

const version = packageVersion();
const flags = parseFlags(process.argv.slice(2), process.env, version, {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});

if ('exitCode' in flags) {
  process.exitCode = flags.exitCode;
} else {
  // Imported only now, so that `--help` does not wait for Nest.
  const [{ runDaemon }, { appModule }, { DaemonLogger }] = await Promise.all([
    import('@microcluster/nest'),
    import('../app.module.js'),
    import('./daemon-logger.js'),
  ]);
  const { logLevel, ...options } = flags;
  const logger = new DaemonLogger(logLevel);
  await runDaemon(appModule({ ...options, version, logger }), { logger });
}
