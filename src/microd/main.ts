#!/usr/bin/env node
/** The daemon of the example application: reads its flags, then runs until it is told to stop. */
import type { LogLevel } from '@nestjs/common';
import { packageVersion } from '../version.js';
import { type DaemonFlags, parseFlags } from './flags.js';

const LOG_LEVELS: Record<DaemonFlags['logLevel'], LogLevel[]> = {
  info: ['fatal', 'error', 'warn', 'log'],
  verbose: ['fatal', 'error', 'warn', 'log', 'verbose'],
  debug: ['fatal', 'error', 'warn', 'log', 'verbose', 'debug'],
};

const version = packageVersion();
const flags = parseFlags(process.argv.slice(2), process.env, version, {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});

if ('exitCode' in flags) {
  process.exitCode = flags.exitCode;
} else {
  // Imported only now, so that `--help` does not wait for Nest.
  const [{ ConsoleLogger }, { runDaemon }, { appModule }] = await Promise.all([
    import('@nestjs/common'),
    import('@microcluster/nest'),
    import('../app.module.js'),
  ]);
  const { logLevel, ...options } = flags;
  const logger = new ConsoleLogger({
    logLevels: LOG_LEVELS[logLevel],
    colors: process.stdout.isTTY === true,
  });
  await runDaemon(appModule({ ...options, version, logger }), { logger });
}
