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
  // One after the other: Node 20 may fail to link modules that two imports load at the same time.
  const { runDaemon } = await import('@microcluster/nest');
  const { appModule } = await import('../app.module.js');
  const { logLevel: level, logFormat: format, ...options } = flags;
  await runDaemon(appModule({ ...options, version }), { logs: { level, format } });
}
